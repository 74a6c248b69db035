import type { ApiResult, Envelope, StepName } from '@skein/protocol'
import { Desk } from '../asks/desk.ts'
import type { FollowOptions } from './follow.ts'
import { HumanReport } from './human-report.ts'
import type { Inbox } from './inbox.ts'
import { Keyboard } from './keyboard.ts'

/** All that can happen while a session is followed. */
export type Signal =
  | { type: 'event'; envelope: Envelope }
  | { type: 'live' }
  | { type: 'change'; change: ApiResult<'changes'> }
  | { type: 'log'; step: StepName; text: string }
  | { type: 'log_ended' }
  | { type: 'interrupt' }
  | { type: 'terminate' }
  | { type: 'time_is_up' }
  | { type: 'grace_is_up' }
  | { type: 'ask_is_due' }
  | { type: 'settle' }
  | { type: 'compose' }
  | { type: 'composed'; text: string | undefined }

/** Brings everything that can happen into the inbox. */
export function listen(
  options: FollowOptions,
  inbox: Inbox<Signal>,
  stop: AbortSignal,
  resources: AsyncDisposableStack,
): Keyboard | undefined {
  const { api, workspace, sessionId, after, timeoutMs, asks, terminal } = options
  void inbox.drain(
    api.subscribe('changes', { workspaceId: workspace.id }, stop),
    (change) => inbox.put({ type: 'change', change }),
    stop,
  )
  void inbox.drain(
    api.subscribe('sessions.follow', { sessionId, ...(after === undefined ? {} : { after }) }, stop),
    (item) => inbox.put(item.type === 'live' ? { type: 'live' } : { type: 'event', envelope: item.envelope }),
    stop,
  )
  if (workspace.state === 'creating') {
    void inbox
      .drain(
        api.subscribe('workspaces.log', { workspaceId: workspace.id }, stop),
        ({ step, text }) => inbox.put({ type: 'log', step, text }),
        stop,
      )
      .then(() => inbox.put({ type: 'log_ended' }))
  }
  const onSignal = (name: NodeJS.Signals, signal: Signal) => {
    const handler = () => inbox.put(signal)
    process.on(name, handler)
    resources.defer(() => void process.off(name, handler))
  }
  onSignal('SIGINT', { type: 'interrupt' })
  onSignal('SIGTERM', { type: 'terminate' })
  onSignal('SIGHUP', { type: 'terminate' })
  if (timeoutMs !== undefined) {
    const timer = setTimeout(() => inbox.put({ type: 'time_is_up' }), timeoutMs)
    resources.defer(() => clearTimeout(timer))
  }
  if (asks !== 'here') return undefined
  return resources.use(
    new Keyboard(terminal.stdin, {
      interrupt: () => inbox.put({ type: 'interrupt' }),
      enter: () => inbox.put({ type: 'compose' }),
    }),
  )
}

/** The desk where asks are answered, when a person is here to do so. */
export function openDesk(
  options: FollowOptions,
  inbox: Inbox<Signal>,
  keyboard: Keyboard | undefined,
): Desk | undefined {
  const { api, terminal, report } = options
  if (!keyboard || !(report instanceof HumanReport)) return undefined
  return new Desk({
    api,
    terminal,
    report,
    takeKeys: () => keyboard.pause(),
    interrupt: () => inbox.put({ type: 'interrupt' }),
    fail: (error) => inbox.fail(error),
  })
}
