import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { CommandContext, CommandResult } from '../context.ts'
import { sessionOf } from '../find-workspace.ts'
import { type AskHandler, follow } from '../follow/follow.ts'
import { canAsk, openReport } from '../follow/open-report.ts'
import { readPrompt } from '../prompt-input.ts'
import { conclude } from '../run/conclude.ts'
import { type AgentFlags, sessionOptions } from '../session-options.ts'
import { settleTrust } from '../trust.ts'

export interface RunOptions extends AgentFlags {
  repo?: string
  base?: string
  branch?: string
  name?: string
  on?: string
  image?: string[]
  file?: string
  timeout?: number
  keep?: boolean
  rm?: boolean
  patch?: string
  json?: boolean
  quiet?: boolean
  /** Say at the end what can be done with the workspace; true where it is not given. */
  advice?: boolean
}

/**
 * `skein run`: one prompt in a workspace of its own, from the repository to the result.
 *
 * @param answerer answers asks instead of the person at the terminal
 */
export async function run(
  words: string[],
  options: RunOptions,
  context: CommandContext,
  answerer?: AskHandler,
): CommandResult {
  const { api, terminal, env, cwd } = context
  const session = sessionOptions(options, env)
  const interactive = canAsk(options, terminal)
  const prompt = await readPrompt({ words, file: options.file, images: options.image, stdin: terminal.stdin })

  const project = await api.call('projects.open', { key: randomUUID(), path: resolve(cwd, options.repo ?? '.') })
  await settleTrust(context, project, options.base, interactive ? 'ask' : options.json ? 'json' : 'tell')

  const startedAt = Date.now()
  const { name, branch, base, on } = options
  const workspace = await api.call('workspaces.create', {
    key: randomUUID(),
    projectId: project.id,
    ...(name === undefined ? {} : { name }),
    ...(branch === undefined ? {} : { branch }),
    ...(base === undefined ? {} : { base }),
    ...(on === undefined ? {} : { on }),
    session,
    prompt,
  })

  const asks = answerer ?? (interactive ? 'here' : 'nobody')
  const report = openReport(options, { terminal, plans: asks === 'nobody', hint: 'Ctrl-C interrupts' })
  try {
    const end = await follow({
      api,
      terminal,
      report,
      workspace,
      sessionId: sessionOf(workspace).id,
      wait: { prompt: undefined },
      asks,
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
    })
    report.close()
    return await conclude(end, { ...context, startedAt, options })
  } finally {
    report.close()
  }
}
