import { randomUUID } from 'node:crypto'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace, sessionOf } from '../find-workspace.ts'
import { awaitWorkspace } from '../follow/await-workspace.ts'
import { openReport } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { readPrompt } from '../prompt-input.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'

export interface ForkOptions {
  name?: string
  file?: string
  image?: string[]
  json?: boolean
}

/** `skein fork`: a new workspace whose session knows what this one knew. */
export async function fork(
  name: string,
  words: string[],
  options: ForkOptions,
  context: CommandContext,
): CommandResult {
  const { api, terminal } = context
  const given = words.length > 0 || options.file !== undefined
  const prompt = given
    ? await readPrompt({ words, file: options.file, images: options.image, stdin: terminal.stdin })
    : undefined
  const session = sessionOf(await findWorkspace(api, name))
  const asked = await api.call('sessions.fork', {
    key: randomUUID(),
    sessionId: session.id,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(prompt === undefined ? {} : { prompt }),
  })
  const workspace = await awaitWorkspace(api, asked, openReport(options, { terminal }))
  if (options.json) writeJson(terminal.stdout, { type: 'workspace', workspace })
  else {
    const next = prompt === undefined ? `skein send ${workspace.name} "…"` : `skein attach ${workspace.name}`
    print(terminal, [
      row(
        span('✓ ', 'good'),
        span(cleanLine(workspace.name), 'strong'),
        ' on ',
        span(cleanLine(workspace.branch), 'code'),
      ),
      row(span('  Go on with: ', 'dim'), span(next, 'code')),
    ])
  }
  return ExitCode.ok
}
