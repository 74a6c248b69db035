import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { SkeinError } from '@skein/protocol'
import type { CommandContext, CommandResult } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findMachine } from '../find-machine.ts'
import { writeJson } from '../json-output.ts'

/** How a person logs an agent in, in a terminal. */
const LOGINS: Record<string, string> = { claude: 'claude auth login' }

/** `skein machine login`: logs an agent in on a machine, in this terminal. */
export async function machineLogin(
  name: string,
  options: { agent: string; json?: boolean },
  context: CommandContext,
): CommandResult {
  const command = Object.hasOwn(LOGINS, options.agent) ? LOGINS[options.agent] : undefined
  if (command === undefined)
    throw new SkeinError('invalid', `how to log ${options.agent} in is not known`, {
      next: `Known are: ${Object.keys(LOGINS).join(', ')}. A shell there: skein machine shell ${name}`,
    })
  const { id } = await findMachine(context.api, name)
  // This computer's own terminal is at hand.
  if (id === 'local') return open({ argv: command.split(' '), env: {} }, id, options, context)
  return openShell(id, command, options, context)
}

/** `skein machine shell`: a shell on a machine, or one command there, in this terminal. Ends as that does. */
export async function machineShell(
  name: string,
  words: readonly string[],
  options: { json?: boolean },
  context: CommandContext,
): CommandResult {
  const { id } = await findMachine(context.api, name)
  return openShell(id, words.length === 0 ? undefined : words.join(' '), options, context)
}

async function openShell(
  machineId: string,
  command: string | undefined,
  options: { json?: boolean },
  context: CommandContext,
): CommandResult {
  const shell = await context.api.call('machines.shell', {
    machineId,
    ...(command === undefined ? {} : { command }),
  })
  return open(shell, machineId, options, context)
}

async function open(
  { argv, env }: { argv: readonly string[]; env: Record<string, string> },
  machineId: string,
  { json }: { json?: boolean },
  context: CommandContext,
): CommandResult {
  if (json) {
    writeJson(context.terminal.stdout, { type: 'shell', machineId, argv: [...argv], env })
    return ExitCode.ok
  }
  const [program = '', ...rest] = argv
  // The keys are the shell's: Ctrl-C reaches it too, and is not the end of us.
  const leave = () => undefined
  for (const name of ['SIGINT', 'SIGQUIT'] as const) process.on(name, leave)
  try {
    const child = spawn(program, rest, { cwd: context.cwd, env: { ...context.env, ...env }, stdio: 'inherit' })
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    // The exit code is what ran there says, whatever that is.
    return (code ?? 128 + (signal ? constants.signals[signal] : 0)) as ExitCode
  } catch (cause) {
    throw new SkeinError('unavailable', `${program} could not be started`, {
      next: `Is it installed, and in PATH? The whole command: ${argv.join(' ')}`,
      cause,
    })
  } finally {
    for (const name of ['SIGINT', 'SIGQUIT'] as const) process.off(name, leave)
  }
}
