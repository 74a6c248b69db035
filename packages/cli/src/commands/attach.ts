import type { CommandContext, CommandResult } from '../context.ts'
import { ExitCode, exitCodeOfTurn } from '../exit-codes.ts'
import { findWorkspace, sessionOf } from '../find-workspace.ts'
import { follow } from '../follow/follow.ts'
import { canAsk, openReport } from '../follow/open-report.ts'
import { lastTurnStart } from '../last-turn.ts'
import { conclude, exitCodeOf } from '../run/conclude.ts'

export interface AttachOptions {
  since?: 'start' | 'last'
  json?: boolean
}

/** `skein attach`: follows a session from its beginning, answers asks, sends further prompts. */
export async function attach(name: string, options: AttachOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const workspace = await findWorkspace(api, name)
  const session = sessionOf(workspace)
  const interactive = canAsk(options, terminal)
  const after = options.since === 'last' ? await lastTurnStart(api, session) : 0
  const report = openReport(options, { terminal, whole: true, hint: 'Enter to write · Ctrl-C interrupts' })
  try {
    const end = await follow({
      api,
      terminal,
      report,
      workspace,
      sessionId: session.id,
      after,
      wait: 'idle',
      asks: interactive ? 'here' : 'nobody',
      ...(interactive ? { compose } : {}),
    })
    report.close()
    if (end.how !== 'ended')
      return await conclude(end, { ...context, startedAt: Date.now(), options: { ...options, keep: true } })
    if (end.turn) return exitCodeOf(end)
    const stopReason = end.session?.lastTurn?.stopReason
    return stopReason === undefined ? ExitCode.ok : exitCodeOfTurn(stopReason)
  } finally {
    report.close()
  }
}

async function compose(signal: AbortSignal): Promise<string | undefined> {
  const { write } = await import('../asks/terminal-answer.ts')
  return write('What next?', signal, { placeholder: 'a further prompt; Ctrl-C leaves' })
}
