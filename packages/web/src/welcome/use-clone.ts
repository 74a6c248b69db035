import { type Project, SkeinError } from '@skein/protocol'
import { create } from 'zustand'
import { useApi } from '../api/context.tsx'
import { useProgress } from '../api/live.ts'

interface Clone {
  key: string
  url: string
  state: 'running' | 'failed'
  cancelling: boolean
  error?: unknown
}

/** Outlives the page: a long clone goes on while one looks at something else. */
const useClones = create<{ clone: Clone | undefined }>()(() => ({ clone: undefined }))

const change = (key: string, change: Partial<Clone>) =>
  useClones.setState(({ clone }) => ({ clone: clone?.key === key ? { ...clone, ...change } : clone }))

/** Clones a repository: how far it is, how it went wrong, and the way to end it. */
export function useClone() {
  const api = useApi()
  const clone = useClones((state) => state.clone)
  const progress = useProgress(clone?.key)
  const start = async (url: string, path: string): Promise<Project | undefined> => {
    const key = crypto.randomUUID()
    useClones.setState({ clone: { key, url, state: 'running', cancelling: false } })
    try {
      const project = await api.call('projects.clone', { key, url, ...(path === '' ? {} : { path }) })
      useClones.setState({ clone: undefined })
      return project
    } catch (error) {
      if (error instanceof SkeinError && error.code === 'cancelled') useClones.setState({ clone: undefined })
      else change(key, { state: 'failed', error })
      return undefined
    }
  }
  const cancel = async () => {
    if (!clone) return
    change(clone.key, { cancelling: true })
    try {
      await api.call('projects.cancelClone', { key: crypto.randomUUID(), cloneKey: clone.key })
    } catch (error) {
      change(clone.key, { cancelling: false, error })
    }
  }
  return { clone, progress, start, cancel }
}
