import type { Ask } from '@skein/protocol'
import { howToAnswer } from '../asks/answer-flags.ts'
import { howItEnded } from '../asks/answered.ts'
import { askRows } from '../asks/ask-rows.ts'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { age } from '../render/figures.ts'
import { type Row, row, span, wrap } from '../render/row.ts'

/** `skein asks`: what waits for a person, and how to answer it. */
export async function asks(
  name: string | undefined,
  options: { all?: boolean; json?: boolean },
  context: CommandContext,
): CommandResult {
  const { api, terminal } = context
  const workspaceId = name === undefined ? undefined : (await findWorkspace(api, name)).id
  const found = await api.call('asks.list', {
    ...(workspaceId === undefined ? {} : { workspaceId }),
    ...(options.all ? { all: true } : {}),
  })
  if (options.json) for (const ask of found) writeJson(terminal.stdout, { type: 'ask', ask })
  else if (found.length === 0) print(terminal, [row(span('Nothing waits for you.', 'dim'))])
  else
    print(
      terminal,
      found.flatMap((ask, index) => [...(index > 0 ? [[]] : []), ...rowsOf(ask, terminal.columns())]),
    )
  return ExitCode.ok
}

function rowsOf(ask: Ask, columns: number): Row[] {
  const head = row(
    span(cleanLine(ask.workspaceName), 'strong'),
    span(`  ${ask.id}  ${age(Date.now() - ask.createdAt)}`, 'dim'),
  )
  const tail =
    ask.state === 'open'
      ? howToAnswer(ask).map((command) => row('  ', span(command, 'code')))
      : wrap(row('  ', span(cleanLine(howItEnded(ask)), 'dim')), columns)
  return [head, ...askRows(ask, columns), ...tail]
}
