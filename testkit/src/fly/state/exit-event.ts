import type { BoxExit } from '../boxes/box.ts'
import type { ExitEventForm } from '../options.ts'

export interface Ending {
  readonly exit: BoxExit
  readonly requestedStop: boolean
  readonly restarting: boolean
  readonly restartCount: number
  readonly at: number
}

/** What an exit event carries as its `request`, in one of the forms that Fly has sent. */
export function exitRequest(form: ExitEventForm, ending: Ending): Record<string, unknown> | undefined {
  const { restartCount } = ending
  if (form === 'f' || form === 'none') return undefined
  if (form === 'a') return { exit_event: { ...fields(ending), exited_at: ending.at }, restart_count: restartCount }
  const dated = { ...fields(ending), guest_error: '', error: '', exited_at: nanoseconds(ending.at) }
  if (form === 'e') return { exit_event: withoutEmpty(dated), ...withoutEmpty({ restart_count: restartCount }) }
  if (form === 'c') return { MonitorEvent: { exit_event: dated }, restart_count: restartCount }
  if (form === 'd') return { monitor_event: { exit_event: dated }, restart_count: restartCount }
  return { exit_event: dated, restart_count: restartCount }
}

function fields({ exit, requestedStop, restarting }: Ending): Record<string, unknown> {
  const signal = exit.code > 128 && exit.code < 128 + 32 ? exit.code - 128 : -1
  return {
    exit_code: exit.code,
    guest_exit_code: exit.code,
    guest_signal: signal,
    signal: -1,
    oom_killed: exit.oomKilled,
    requested_stop: requestedStop,
    restarting,
  }
}

function nanoseconds(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000001Z')
}

function withoutEmpty(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== 0 && value !== false && value !== ''),
  )
}
