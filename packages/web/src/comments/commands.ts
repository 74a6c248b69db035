import type { Comment, CommentPlace } from '@skein/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useApi } from '../api/context.tsx'
import { queryKey, useApiQuery } from '../api/query.ts'
import { reportFailure } from './report-failure.ts'

/** What a person may do with comments. Each resolves once the server has it; a refusal is shown, and rejects. */
export interface CommentCommands {
  add(place: CommentPlace, quote: string, body: string): Promise<void>
  edit(commentId: string, body: string): Promise<void>
  reply(commentId: string, body: string): Promise<void>
  mark(commentId: string, state: 'open' | 'met'): Promise<void>
  remove(commentId: string): Promise<void>
}

/** The comments of a workspace, the oldest first. */
export function useComments(workspaceId: string): readonly Comment[] {
  return useApiQuery('comments.list', { workspaceId }).data ?? NONE
}

const NONE: readonly Comment[] = []

export function useCommentCommands(sessionId: string | undefined): CommentCommands {
  const api = useApi()
  const client = useQueryClient()
  return useMemo(() => {
    const run = async (what: string, action: (key: string) => Promise<unknown>) => {
      try {
        await action(crypto.randomUUID())
      } catch (error) {
        reportFailure(what, error)
        throw error
      }
      await client.invalidateQueries({ queryKey: queryKey('comments.list') })
    }
    return {
      add: (place, quote, body) =>
        run('Comment not saved', (key) => {
          if (sessionId === undefined) throw new Error('This workspace has no session that could be told of it.')
          return api.call('comments.add', { key, sessionId, place, quote, body })
        }),
      edit: (commentId, body) => run('Comment not saved', (key) => api.call('comments.edit', { key, commentId, body })),
      reply: (commentId, body) => run('Reply not saved', (key) => api.call('comments.reply', { key, commentId, body })),
      mark: (commentId, state) =>
        run('Comment not marked', (key) => api.call('comments.mark', { key, commentId, state })),
      remove: (commentId) => run('Comment not deleted', (key) => api.call('comments.delete', { key, commentId })),
    }
  }, [api, client, sessionId])
}
