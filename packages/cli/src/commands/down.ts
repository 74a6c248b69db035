import { randomUUID } from 'node:crypto'
import { connectToRunningServer } from '../connect.ts'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { count } from '../render/figures.ts'
import { row, span } from '../render/row.ts'

/** `skein down`: ends the server, and the web app with it. Agents work on. */
export async function down(options: { json?: boolean }, { env, terminal }: Omit<CommandContext, 'api'>): CommandResult {
  await using api = await connectToRunningServer(env)
  const working = (await api?.call('server.info', {}))?.activity.running ?? 0
  await api?.call('server.stop', { key: randomUUID() })
  if (options.json) writeJson(terminal.stdout, { type: 'server', running: false, working })
  else if (!api) print(terminal, [row('Nothing was up.')])
  else
    print(terminal, [
      row(span('✓ ', 'good'), 'Skein is down.'),
      ...(working > 0
        ? [
            row(
              `  ${count(working, 'session')} at work ${working === 1 ? 'works' : 'work'} on; `,
              span('skein up', 'code'),
              ' shows them again.',
            ),
          ]
        : []),
    ])
  return ExitCode.ok
}
