import { randomUUID } from 'node:crypto'
import { SkeinError } from '@skein/protocol'
import * as z from 'zod'
import { PAGE } from '../bounded.ts'
import { tool } from '../define.ts'
import { Name } from './workspaces.ts'

const FILES = 500

export const listChanges = tool({
  name: 'list_changes',
  title: 'List changed files',
  about: 'The files that differ from where the workspace began, committed or not, with lines added and deleted.',
  input: z.strictObject({ workspace: Name, offset: z.int().nonnegative().optional() }),
  effect: 'reads',
  async run({ workspace, offset = 0 }, { api, caller, signal }) {
    const { id } = await caller.find(workspace)
    const { files, tree } = await api.call('workspaces.changes', { workspaceId: id }, signal)
    const shown = files.slice(offset, offset + FILES)
    const rest = files.length - offset - shown.length
    return {
      files: shown.map(({ path, oldPath, status, binary, added, deleted }) => ({
        path,
        ...(oldPath === undefined ? {} : { oldPath }),
        status,
        ...(binary ? { binary } : { added, deleted }),
      })),
      tree,
      ...(rest > 0 ? { more: rest, nextOffset: offset + FILES } : {}),
    }
  },
})

export const readDiff = tool({
  name: 'read_diff',
  title: 'Read changes',
  about: `What a workspace changed, as a patch, ${PAGE} characters at a time. Name paths from list_changes to read large changes file by file.`,
  input: z.strictObject({
    workspace: Name,
    paths: z.array(z.string().min(1)).min(1).optional().describe('Only these files.'),
    cursor: z.string().optional().describe('From the last answer, to read on; with the same paths.'),
    context: z.int().nonnegative().max(100).optional().describe('Lines around each change; 3 by default.'),
  }),
  effect: 'reads',
  async run({ workspace, paths, cursor, context }, { api, caller, signal }) {
    const { id } = await caller.find(workspace)
    const { tree: from, offset } = readCursor(cursor)
    const options = {
      ...(paths === undefined ? {} : { paths }),
      ...(context === undefined ? {} : { context }),
      ...(from === undefined ? {} : { tree: from }),
    }
    const { patch, eof, tree } = await api.call('workspaces.diff', { workspaceId: id, offset, ...options }, signal)
    const part = wholeLines(patch.slice(0, PAGE), patch.length <= PAGE)
    const over = eof && part.length === patch.length
    return { patch: part, ...(over ? {} : { cursor: `${tree}:${offset + part.length}` }) }
  },
})

/** Cut after a line, so that no page begins in the middle of one; a line that is longer than a page is cut where it must be. */
function wholeLines(text: string, whole: boolean): string {
  const end = text.lastIndexOf('\n') + 1
  return whole || end === 0 ? text : text.slice(0, end)
}

function readCursor(cursor: string | undefined): { tree?: string; offset: number } {
  if (cursor === undefined) return { offset: 0 }
  const [, tree, offset] = /^([0-9a-f]{40,64}):(\d{1,12})$/.exec(cursor) ?? []
  if (tree !== undefined) return { tree, offset: Number(offset) }
  throw new SkeinError('invalid', 'this is no cursor of read_diff', {
    next: 'Give the cursor of the last answer as it was.',
  })
}

export const applyChanges = tool({
  name: 'apply_to_branch',
  title: 'Put a workspace’s work on a branch',
  about:
    'Commits everything that a workspace changed onto a branch of the person’s repository, so that it can be merged or built upon. Neither the checkout of the person nor the workspace changes.',
  input: z.strictObject({
    workspace: Name,
    branch: z.string().min(1),
    message: z.string().min(1).optional().describe('The commit’s message.'),
    force: z
      .boolean()
      .optional()
      .describe('Move the branch if it exists. What it held before is then only in git’s reflog.'),
  }),
  effect: 'destroys',
  async run({ workspace, branch, message, force }, { api, caller, signal }) {
    const { id } = await caller.findToAct(workspace)
    if (force && (await caller.inside()))
      throw new SkeinError('unauthorized', 'an agent in a workspace cannot move a branch that exists', {
        next: 'Name a branch that does not exist.',
      })
    const params = {
      workspaceId: id,
      to: { branch, ...(force ? { force } : {}) },
      ...(message === undefined ? {} : { message }),
    }
    return api.call('workspaces.apply', { key: randomUUID(), ...params }, signal)
  },
})
