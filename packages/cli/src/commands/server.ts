import { randomUUID } from 'node:crypto'
import type { CommandContext, CommandResult } from '../context.ts'
import { print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { age, count } from '../render/figures.ts'
import { row, span } from '../render/row.ts'

type ServerContext = Omit<CommandContext, 'api'>

/** `skein server status`: whether the background server runs. Starts none. */
export async function status(options: { json?: boolean }, { env, terminal }: ServerContext): CommandResult {
  const { connectToRunningServer } = await import('../connect.ts')
  await using api = await connectToRunningServer(env)
  const info = await api?.call('server.info', {})
  if (options.json) {
    writeJson(
      terminal.stdout,
      info === undefined
        ? { type: 'server', running: false }
        : {
            type: 'server',
            running: true,
            version: info.version,
            pid: info.pid,
            home: info.home,
            startedAt: info.startedAt,
            working: info.activity.running,
            openAsks: info.activity.openAsks,
          },
    )
  } else if (info === undefined) print(terminal, [row('No server runs. The next command that needs one starts it.')])
  else {
    const { version, pid, home, startedAt, activity } = info
    print(terminal, [
      row(
        span('✓ ', 'good'),
        `Skein ${version} runs as process ${pid} for ${age(Date.now() - startedAt).replace('now', 'less than a minute')}`,
      ),
      row(
        span(
          `  ${home} · ${count(activity.running, 'session')} at work · ${count(activity.openAsks, 'open ask')}`,
          'dim',
        ),
      ),
    ])
  }
  return info === undefined ? ExitCode.failed : ExitCode.ok
}

/** `skein server stop`: ends the background server; agents run on. */
export async function stop(options: { json?: boolean }, { env, terminal }: ServerContext): CommandResult {
  const { connectToRunningServer } = await import('../connect.ts')
  await using api = await connectToRunningServer(env)
  await api?.call('server.stop', { key: randomUUID() })
  if (options.json) writeJson(terminal.stdout, { type: 'server', running: false })
  else print(terminal, [row(api ? 'The server stops; agents run on.' : 'No server runs.')])
  return ExitCode.ok
}
