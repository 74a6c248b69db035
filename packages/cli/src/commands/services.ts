import { randomUUID } from 'node:crypto'
import { type Service, SkeinError, type Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine, cleanText } from '../render/clean.ts'
import type { Tone } from '../render/palette.ts'
import { type Row, row, span } from '../render/row.ts'
import { workspaceHere } from '../workspace-here.ts'

export type ServiceAction = 'start' | 'stop' | 'restart' | 'logs'

/** `skein services`: lists a workspace's services, starts and stops them, follows the log of one. All of them without a name. */
export async function services(
  workspaceName: string | undefined,
  action: ServiceAction | undefined,
  names: string[],
  options: { json?: boolean },
  context: CommandContext,
): CommandResult {
  const workspace = await workspaceHere(workspaceName, context)
  if (action === 'logs') return followLog(workspace, names, options, context)
  const { api, terminal } = context
  const workspaceId = workspace.id
  if (action) {
    const all = names.length > 0 ? names : (await api.call('services.list', { workspaceId })).map(({ name }) => name)
    await Promise.all(all.map((name) => api.call(`services.${action}`, { key: randomUUID(), workspaceId, name })))
  }
  const listed = await api.call('services.list', { workspaceId })
  if (options.json) for (const service of listed) writeJson(terminal.stdout, { type: 'service', service })
  else print(terminal, listed.length > 0 ? listed.map(serviceRow) : [row(span(NONE, 'dim'))])
  return ExitCode.ok
}

const NONE = 'No services. Name some in skein.json: docs/services.md'

/** Until Ctrl-C. */
async function followLog(
  { id: workspaceId, name: workspaceName }: Workspace,
  names: string[],
  { json }: { json?: boolean },
  { api, terminal }: CommandContext,
): CommandResult {
  const [first, ...others] =
    names.length > 0 ? names : (await api.call('services.list', { workspaceId })).map(({ name }) => name)
  if (first === undefined || others.length > 0)
    throw new SkeinError('invalid', 'say of which one service the log is wanted', {
      next: `skein services ${workspaceName} logs NAME`,
    })
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  try {
    for await (const part of api.subscribe('services.log', { workspaceId, name: first }, stop.signal)) {
      if (json) writeJson(terminal.stdout, { type: 'output', workspaceId, name: first, ...part })
      else terminal.stdout.write(cleanText(part.text))
    }
  } finally {
    process.off('SIGINT', onInterrupt)
  }
  return ExitCode.ok
}

const SHOWN: Record<Service['state'], { mark: string; tone: Tone }> = {
  stopped: { mark: '·', tone: 'dim' },
  starting: { mark: '●', tone: 'accent' },
  running: { mark: '✓', tone: 'good' },
  unhealthy: { mark: '!', tone: 'warn' },
  exited: { mark: '–', tone: 'dim' },
  failed: { mark: '✗', tone: 'bad' },
}

function serviceRow({ name, state, because, port, pid }: Service): Row {
  const { mark, tone } = SHOWN[state]
  return row(
    span(`${mark} `, tone),
    cleanLine(name),
    `  ${state}`,
    span(`  ${cleanLine(because)}`, 'dim'),
    ...(port === undefined ? [] : [span(`  http://localhost:${port}`, 'code')]),
    ...(pid === undefined ? [] : [span(`  pid ${pid}`, 'dim')]),
  )
}
