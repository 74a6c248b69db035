import { SkeinError } from '@skein/protocol'
import type { CallHandlers, Parts } from '../api.ts'
import { answerAsk, listAsks, viewAsk } from '../asks.ts'

export function askHandlers({
  context,
  actors,
  commands,
}: Parts): Pick<CallHandlers, 'asks.list' | 'asks.get' | 'asks.answer'> {
  return {
    'asks.list': (params) => listAsks(context, params),
    'asks.get': async ({ askId }) => {
      const ask = await viewAsk(context, askId)
      if (!ask)
        throw new SkeinError('not_found', `there is no ask ${askId}`, { next: 'List the open ones with: skein asks' })
      return ask
    },
    'asks.answer': (params) =>
      commands.once('asks.answer', params, async () => {
        const { counted, ask, sessionId } = await answerAsk(context, params)
        actors.session(sessionId).wake()
        return { counted, ask }
      }),
  }
}
