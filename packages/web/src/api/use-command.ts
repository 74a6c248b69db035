import type { ApiMethods, ApiParams, ApiResult, CallMethod } from '@skein/protocol'
import { useCallback, useRef, useState } from 'react'
import { toastError } from '../ui/toast.tsx'
import { useApi } from './context.tsx'

export type CommandMethod = {
  [M in CallMethod]: ApiMethods[M]['kind'] extends 'command' ? M : never
}[CallMethod]

/** What a command is given, without the key that makes its repetition harmless. */
export type CommandParams<M extends CommandMethod> = Omit<ApiParams<M>, 'key'> & { key?: string }

export interface RunCommand<M extends CommandMethod> {
  /** Resolves with the answer, or with undefined when it failed: the person has been told why. */
  run(params: CommandParams<M>): Promise<ApiResult<M> | undefined>
  /** Rejects with the server's reason, and tells nobody. */
  tryRun(params: CommandParams<M>): Promise<ApiResult<M>>
  pending: boolean
  error: unknown
}

/** A command of the server's. Each run has a key of its own, which repetitions after a lost connection keep. */
export function useCommand<M extends CommandMethod>(method: M): RunCommand<M> {
  const api = useApi()
  const running = useRef(0)
  const [state, setState] = useState<{ pending: boolean; error: unknown }>({ pending: false, error: undefined })
  const tryRun = useCallback(
    async (params: CommandParams<M>) => {
      running.current++
      setState({ pending: true, error: undefined })
      let error: unknown
      try {
        return await api.call(method, { key: crypto.randomUUID(), ...params } as ApiParams<M>)
      } catch (reason) {
        error = reason
        throw reason
      } finally {
        running.current--
        setState({ pending: running.current > 0, error })
      }
    },
    [api, method],
  )
  const run = useCallback(
    (params: CommandParams<M>) =>
      tryRun(params).catch((error: unknown) => {
        toastError(error)
        return undefined
      }),
    [tryRun],
  )
  return { run, tryRun, ...state }
}
