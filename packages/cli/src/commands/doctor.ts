import { type Finding, SkeinError } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { agentEnvironment } from '../environment.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { count } from '../render/figures.ts'
import { findingRows } from '../render/finding-rows.ts'
import { row, span } from '../render/row.ts'

/** `skein doctor`: what is missing on this computer, each with its remedy. */
export async function doctor(options: { agent?: string; json?: boolean }, context: CommandContext): CommandResult {
  const { terminal } = context
  const findings = await examine(options.agent, context)
  const broken = findings.filter(({ ok, severity }) => !ok && severity === 'error')
  if (options.json) for (const finding of findings) writeJson(terminal.stdout, { type: 'finding', finding })
  else {
    const ending =
      broken.length === 0
        ? row(span('Skein can work here.', 'good'))
        : row(span(`${count(broken.length, 'thing')} to repair first.`, 'bad'))
    print(terminal, [...findings.flatMap(findingRows), [], ending])
  }
  return broken.length === 0 ? ExitCode.ok : ExitCode.failed
}

/** A server that cannot be started is a finding too. */
async function examine(agent: string | undefined, { api, env, cwd }: CommandContext): Promise<Finding[]> {
  try {
    const environment = agentEnvironment(env)
    const { findings } = await api.call('server.doctor', {
      path: cwd,
      environment,
      ...(agent === undefined ? {} : { agent }),
    })
    return findings
  } catch (thrown) {
    const error = SkeinError.from(thrown, 'asking the server')
    return [
      {
        id: 'server',
        ok: false,
        severity: 'error',
        what: error.message,
        ...(error.next ? { remedy: error.next } : {}),
      },
    ]
  }
}
