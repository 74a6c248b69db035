import { randomUUID } from 'node:crypto'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace, sessionOf } from '../find-workspace.ts'
import { writeJson } from '../json-output.ts'
import { row, span } from '../render/row.ts'

/** `skein interrupt`: ends the turn that runs; its partial work stays. */
export async function interrupt(
  name: string,
  options: { queued?: boolean; json?: boolean },
  context: CommandContext,
): CommandResult {
  const { api, terminal } = context
  const session = sessionOf(await findWorkspace(api, name))
  const { interrupted } = await api.call('sessions.interrupt', {
    key: randomUUID(),
    sessionId: session.id,
    ...(options.queued ? { cancelQueued: true } : {}),
  })
  if (options.json) writeJson(terminal.stdout, { type: 'interrupt', sessionId: session.id, interrupted })
  else print(terminal, [interrupted ? row(span('✓ ', 'good'), 'The turn is interrupted.') : row('No turn runs.')])
  return ExitCode.ok
}
