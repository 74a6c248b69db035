import { randomUUID } from 'node:crypto'
import { SkeinError } from '@skein/protocol'
import { connectToRunningServer } from '../connect.ts'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { skeinHome } from '../home.ts'
import { writeJson } from '../json-output.ts'
import { openBrowser } from '../open-browser.ts'
import { row, span } from '../render/row.ts'

/** `skein open`: signs another browser in, by a link that works once; with a workspace's name, at its page. */
export async function open(
  name: string | undefined,
  options: { json?: boolean; print?: boolean },
  { env, terminal }: Omit<CommandContext, 'api'>,
): CommandResult {
  await using api = await connectToRunningServer(env)
  const info = await api?.call('server.info', {})
  if (!api || !info?.web) throw new SkeinError('missing', 'the web app is not up', { next: 'Start it with: skein up' })
  const path = name === undefined ? '/' : `/w/${(await findWorkspace(api, name)).id}`
  const { url } = await api.call('server.link', { key: randomUUID(), path })
  const shown = !options.json && !options.print && openBrowser(url, skeinHome(env), env) !== undefined
  if (options.json)
    writeJson(terminal.stdout, { type: 'web', url: info.web.url, link: url, pid: info.pid, already: true })
  else if (options.print) terminal.stdout.write(`${url}\n`)
  else
    print(terminal, [
      row(shown ? 'Your browser opens Skein. If it does not, this link works once:' : 'Open this link; it works once:'),
      row(span(url, 'code')),
    ])
  return ExitCode.ok
}
