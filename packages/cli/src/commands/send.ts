import { randomUUID } from 'node:crypto'
import type { Session, SkeinApi, Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { agentEnvironment } from '../environment.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace, sessionOf } from '../find-workspace.ts'
import { follow } from '../follow/follow.ts'
import { canAsk, openReport } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { readPrompt } from '../prompt-input.ts'
import { row, span } from '../render/row.ts'
import { conclude } from '../run/conclude.ts'

export interface SendOptions {
  wait?: boolean
  image?: string[]
  file?: string
  env?: string[]
  timeout?: number
  json?: boolean
  quiet?: boolean
}

/** `skein send`: a further prompt to a workspace's session; `--wait` follows it to its end. */
export async function send(
  name: string,
  words: string[],
  options: SendOptions,
  context: CommandContext,
): CommandResult {
  const { api, terminal, env } = context
  const environment = agentEnvironment(env, options.env)
  const content = await readPrompt({ words, file: options.file, images: options.image, stdin: terminal.stdin })
  const workspace = await findWorkspace(api, name)
  const session = await sessionFor(api, workspace, environment)
  const startedAt = Date.now()
  const { messageId } = await api.call('sessions.prompt', {
    key: randomUUID(),
    sessionId: session.id,
    content,
    environment,
  })
  if (options.json) {
    writeJson(terminal.stdout, { type: 'prompt', workspaceId: workspace.id, sessionId: session.id, messageId })
  }
  if (!options.wait) {
    if (!options.json && !options.quiet) {
      print(terminal, [
        row(span('✓ ', 'good'), 'Sent. Follow it with: ', span(`skein attach ${workspace.name}`, 'code')),
      ])
    }
    return ExitCode.ok
  }
  const report = openReport(options, { terminal, hint: 'Ctrl-C interrupts' })
  try {
    const end = await follow({
      api,
      terminal,
      report,
      workspace,
      sessionId: session.id,
      after: session.seq,
      wait: { prompt: messageId },
      asks: canAsk(options, terminal) ? 'here' : 'nobody',
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
    })
    report.close()
    return await conclude(end, { ...context, startedAt, options: { ...options, keep: true } })
  } finally {
    report.close()
  }
}

function sessionFor(
  api: SkeinApi,
  workspace: Workspace,
  environment: ReturnType<typeof agentEnvironment>,
): Promise<Session> {
  if (workspace.sessions.length > 0) return Promise.resolve(sessionOf(workspace))
  return api.call('sessions.create', { key: randomUUID(), workspaceId: workspace.id, options: { environment } })
}
