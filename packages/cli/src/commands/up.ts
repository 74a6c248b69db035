import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type SkeinApi, SkeinError } from '@skein/protocol'
import { connectToRunningServer } from '../connect.ts'
import { type CommandContext, type CommandResult, print, remark } from '../context.ts'
import { agentEnvironment } from '../environment.ts'
import { ExitCode } from '../exit-codes.ts'
import { skeinHome } from '../home.ts'
import { writeJson } from '../json-output.ts'
import { mainPath } from '../main-path.ts'
import { openBrowser } from '../open-browser.ts'
import { count } from '../render/figures.ts'
import { row, span } from '../render/row.ts'
import { type WebRequest, webServer } from '../serve.ts'
import type { Terminal } from '../terminal.ts'
import { atPort, keepPort } from '../web-port.ts'

export interface UpOptions {
  host: string
  port?: number
  detach?: boolean
  /** false: `--no-open`. */
  open: boolean
  tlsCert?: string
  tlsKey?: string
  tunnel?: boolean
  allowHost?: string[]
  json?: boolean
}

/** `skein up`: the server with the web app, here or in the background. It takes the place of a server that runs without. */
export async function up(options: UpOptions, context: Omit<CommandContext, 'api'>): CommandResult {
  const { env } = context
  const home = skeinHome(env)
  checkFlags(options)
  const there = await connectToRunningServer(env)
  const web = (await there?.call('server.info', {}))?.web
  if (there && web) {
    await using api = there
    await tell(api, { ...options, already: true }, context)
    return ExitCode.ok
  }
  await there?.[Symbol.asyncDispose]()
  const building = () => progress(context.terminal, options, 'Building the web app (once, some seconds)…')
  return atPort({ home, host: options.host, asked: options.port }, (port) => {
    const request: WebRequest = { web: { ...options, port }, environment: agentEnvironment(env) }
    return (options.detach ? detached : inForeground)(request, options, context, building)
  })
}

function checkFlags({ tlsCert, tlsKey }: UpOptions): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new SkeinError('invalid', 'HTTPS needs both --tls-cert and --tls-key')
  for (const file of [tlsCert, tlsKey]) {
    if (file !== undefined && !existsSync(file)) throw new SkeinError('invalid', `there is no file ${file}`)
  }
}

async function inForeground(
  request: WebRequest,
  options: UpOptions,
  context: Omit<CommandContext, 'api'>,
  building: () => void,
): CommandResult {
  const { env, terminal } = context
  const { serve } = await import('@skein/server')
  const { takeOver } = await import('@skein/server/connect')
  const ours = await webServer(request, env, building)
  // Agents run on, and ours takes them up.
  const server = await takeOver({ home: skeinHome(env) }, () => serve(ours))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop('signal'))
  await using api = await connectToRunningServer(env)
  if (api) await tell(api, options, context)
  await server.stopped
  if (!options.json)
    print(terminal, [
      [],
      row('Stopped. Agents that were at work work on; ', span('skein up', 'code'), ' shows them again.'),
    ])
  return ExitCode.ok
}

async function detached(
  request: WebRequest,
  options: UpOptions,
  context: Omit<CommandContext, 'api'>,
  building: () => void,
): CommandResult {
  const { env } = context
  const { webAssets } = await import('skein')
  const { takeOver } = await import('@skein/server/connect')
  // Here, so that the person sees that it takes a while, and why it fails.
  await webAssets(building)
  await using api = await takeOver({ home: skeinHome(env) }, (launch) =>
    launch({
      command: process.execPath,
      args: [...process.execArgv, mainPath, 'serve', '--web'],
      env,
      stdin: JSON.stringify(request),
    }),
  )
  await tell(api, options, context)
  return ExitCode.ok
}

/** Says where the app is, and shows it. */
async function tell(
  api: SkeinApi,
  options: UpOptions & { already?: boolean },
  { env, terminal }: Omit<CommandContext, 'api'>,
): Promise<void> {
  const home = skeinHome(env)
  const { web, pid, activity } = await api.call('server.info', {})
  if (!web) throw new SkeinError('internal', 'the server has no web app')
  keepPort(home, web.url)
  const { url } = await api.call('server.link', { key: randomUUID() })
  const shown = options.open && !options.json && openBrowser(url, home, env) !== undefined
  if (options.json) {
    writeJson(terminal.stdout, { type: 'web', url: web.url, link: url, pid, already: options.already ?? false })
    return
  }
  print(terminal, [
    row(span('✓ ', 'good'), options.already ? 'Skein is up already at ' : 'Skein is up at ', span(web.url, 'strong')),
    ...(activity.running > 0 ? [row(span(`  ${count(activity.running, 'session')} at work`, 'dim'))] : []),
    [],
    row(
      shown ? '  Your browser opens it. For another one, a link that works once:' : '  Open this link; it works once:',
    ),
    row('  ', span(url, 'code')),
    [],
    row(
      span(
        options.detach || options.already
          ? '  skein open: another link · skein down: stop it; agents work on'
          : '  Ctrl-C stops it; agents work on · skein open: another link',
        'dim',
      ),
    ),
  ])
}

function progress(terminal: Terminal, options: UpOptions, text: string): void {
  if (!options.json) remark(terminal, [row(span(text, 'dim'))])
}
