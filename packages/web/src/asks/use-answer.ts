import { type Ask, type AskAnswer, SkeinError } from '@skein/protocol'
import { useCallback, useState } from 'react'
import { create } from 'zustand'
import { useApi } from '../api/context.tsx'
import { applyChanges, useAsk, useLive } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { toastError } from '../ui/toast.tsx'
import { browserName } from './browser-name.ts'

/** Asks that were answered in this tab. */
const useMine = create<{ ids: ReadonlySet<string> }>()(() => ({ ids: new Set() }))

export interface Answering {
  /** The ask as it is now. */
  ask: Ask
  /** It was answered in this tab. */
  mine: boolean
  pending: boolean
  /** Why an answer given here did not count; the ask itself says which one did. */
  late: string | undefined
  answer(answer: AskAnswer): Promise<void>
}

/** Answers an ask, bound to what is shown of it. That somebody else was faster is not an error. */
export function useAnswer(given: Ask): Answering {
  const api = useApi()
  const ask = useAsk(given.id) ?? given
  const mine = useMine(({ ids }) => ids.has(ask.id))
  const { tryRun, pending } = useCommand('asks.answer')
  const [late, setLate] = useState<string>()
  const { id: askId, inputHash } = ask
  const answer = useCallback(
    async (answer: AskAnswer) => {
      try {
        const { counted, ask: now } = await tryRun({ askId, inputHash, answer, by: browserName() })
        if (counted) useMine.setState(({ ids }) => ({ ids: new Set(ids).add(askId) }))
        else setLate('Another answer came first. Yours changed nothing.')
        put(now)
      } catch (error) {
        if (!(error instanceof SkeinError && error.code === 'conflict')) return toastError(error)
        setLate([error.message, error.next].filter((part) => part !== undefined).join(' '))
        await api.call('asks.get', { askId }).then(put, toastError)
      }
    },
    [api, tryRun, askId, inputHash],
  )
  return { ask, mine, pending, late, answer }
}

const put = (ask: Ask) => useLive.setState(applyChanges(useLive.getState(), [{ type: 'ask', ask }]))
