#!/usr/bin/env node
import { CommanderError } from 'commander'
import { ExitCode, exitCodeOfError } from './exit-codes.ts'
import { createProgram, type Runtime } from './program.ts'
import { processTerminal } from './terminal.ts'

const { env } = process
const terminal = processTerminal(env)

/** Ends this process: everything that was written has left it. */
async function exit(code: ExitCode): Promise<never> {
  for (const stream of [terminal.stdout, terminal.stderr]) {
    await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }
  process.exit(code)
}

/** The one place where errors become words and exit codes. */
async function fail(thrown: unknown, json: boolean): Promise<never> {
  if (thrown instanceof CommanderError) return exit(thrown.exitCode === 0 ? ExitCode.ok : ExitCode.usage)
  const { SkeinError } = await import('@skein/protocol')
  const error = SkeinError.from(thrown, 'skein')
  const exitCode = exitCodeOfError(error.code)
  if (json) {
    const { writeJson } = await import('./json-output.ts')
    writeJson(terminal.stdout, { type: 'error', error: error.toBody(), exitCode })
  } else {
    const { errorRows } = await import('./render/error.ts')
    const { remark } = await import('./context.ts')
    remark(terminal, errorRows(error, Boolean(env.SKEIN_DEBUG)))
  }
  return exit(exitCode)
}

// A reader that has left (`| head`) is no error.
for (const stream of [terminal.stdout, terminal.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.brokenPipe)
    throw error
  })
}

const runtime: Runtime = {
  async withServer({ json = false }, job) {
    try {
      const { connectToServer } = await import('./connect.ts')
      const notice = (message: string) => void terminal.stderr.write(`skein: ${message}\n`)
      const api = connectToServer(env, notice)
      const code = await job({ env, cwd: process.cwd(), terminal, api })
      await exit(code)
    } catch (error) {
      await fail(error, json)
    }
  },
  async alone({ json = false }, job) {
    try {
      await exit(await job({ env, cwd: process.cwd(), terminal }))
    } catch (error) {
      await fail(error, json)
    }
  },
}

process.on('unhandledRejection', (error) => void fail(error, process.argv.includes('--json')))

try {
  await createProgram(runtime).parseAsync(process.argv)
} catch (error) {
  await fail(error, process.argv.includes('--json'))
}
