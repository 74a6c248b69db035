import { randomUUID } from 'node:crypto'
import { type Share, SkeinError, type Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, type CommonOptions, print, remark } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace } from '../find-workspace.ts'
import { writeJson } from '../json-output.ts'
import { row, span } from '../render/row.ts'
import { shareRows, visitRow, wayRows } from '../render/share-rows.ts'

export interface ShareOptions extends CommonOptions {
  for?: number
  via?: string
  hostname?: string
  path: string
  note?: string
}

/** `skein share WORKSPACE PORT`: a link by which others see what listens there. */
export async function share(name: string, port: string, options: ShareOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const workspace = await findWorkspace(api, name)
  const { for: expiresInMs, via, hostname, path, note } = options
  const number = await portOf(workspace, port, context)
  if (!options.json) remark(terminal, [row(span('Opening a tunnel …', 'dim'))])
  const made = await api.call('shares.create', {
    key: randomUUID(),
    workspaceId: workspace.id,
    port: number,
    path,
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(via === undefined ? {} : { via }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(note === undefined ? {} : { note }),
  })
  show(made, workspace.name, options, context)
  if (!options.json) print(terminal, [row(span(`  End it with: skein share revoke ${made.id.slice(0, 8)}`, 'dim'))])
  return ExitCode.ok
}

/** `skein share ls`. */
export async function list(name: string | undefined, options: CommonOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const workspaceId = name === undefined ? undefined : (await findWorkspace(api, name)).id
  const shares = await api.call('shares.list', workspaceId === undefined ? {} : { workspaceId })
  const names = new Map((await api.call('workspaces.list', {})).map((workspace) => [workspace.id, workspace.name]))
  for (const one of shares) show(one, names.get(one.workspaceId) ?? one.workspaceId, options, context)
  if (shares.length === 0 && !options.json)
    print(terminal, [row(span('No links. Make one: skein share WORKSPACE PORT', 'dim'))])
  return ExitCode.ok
}

/** `skein share open`. */
export async function reopen(id: string, options: CommonOptions, context: CommandContext): CommandResult {
  const { api } = context
  const found = await findShare(id, context)
  const opened = await api.call('shares.open', { key: randomUUID(), shareId: found.id })
  show(opened, (await findWorkspace(api, opened.workspaceId)).name, options, context)
  return ExitCode.ok
}

/** `skein share revoke`: one, or all of a workspace. */
export async function revoke(id: string, options: CommonOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const shares = await api.call('shares.list', {})
  const named = shares.some((one) => one.id.startsWith(id))
    ? undefined
    : await findWorkspace(api, id).catch(() => undefined)
  const ended = named ? shares.filter(({ workspaceId }) => workspaceId === named.id) : [await findShare(id, context)]
  for (const { id: shareId, workspaceId, port } of ended) {
    await api.call('shares.revoke', { key: randomUUID(), shareId })
    if (options.json) writeJson(terminal.stdout, { type: 'share_gone', workspaceId, shareId })
    else print(terminal, [row(span('✓ ', 'good'), `The link to port ${port} works no more`)])
  }
  if (ended.length === 0 && !options.json) print(terminal, [row(span(`${named?.name} has no links`, 'dim'))])
  return ExitCode.ok
}

/** `skein share visits`. */
export async function visits(id: string, options: CommonOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const { id: shareId } = await findShare(id, context)
  const seen = await api.call('shares.visits', { shareId })
  if (options.json) for (const visit of seen) writeJson(terminal.stdout, { type: 'visit', shareId, visit })
  else print(terminal, seen.length > 0 ? seen.map(visitRow) : [row(span('Nobody has seen it yet.', 'dim'))])
  return ExitCode.ok
}

/** `skein share via`. */
export async function via(
  kind: string | undefined,
  given: string[],
  options: CommonOptions,
  context: CommandContext,
): CommandResult {
  const { api, terminal } = context
  if (kind !== undefined && given.length > 0)
    await api.call('shares.configureWay', { key: randomUUID(), kind, settings: settingsOf(given) })
  const ways = (await api.call('shares.ways', {})).filter((way) => kind === undefined || way.kind === kind)
  if (ways.length === 0)
    throw new SkeinError('not_found', `there is no kind of tunnel "${kind}"`, { next: 'skein share via' })
  for (const way of ways) {
    if (options.json) writeJson(terminal.stdout, { type: 'way', way })
    else print(terminal, wayRows(way))
  }
  return ExitCode.ok
}

function show(shown: Share, workspace: string, { json }: CommonOptions, { terminal }: CommandContext): void {
  if (json) writeJson(terminal.stdout, { type: 'share', share: shown })
  else print(terminal, shareRows(shown, workspace))
}

async function findShare(id: string, { api }: CommandContext): Promise<Share> {
  const found = (await api.call('shares.list', {})).filter((one) => one.id.startsWith(id))
  const [only, another] = found
  if (only && !another) return only
  throw new SkeinError(
    only ? 'invalid' : 'not_found',
    only ? `several links begin with ${id}` : `there is no link ${id}`,
    {
      next: 'See them with: skein share ls',
    },
  )
}

async function portOf({ id, name }: Workspace, text: string, { api }: CommandContext): Promise<number> {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  const services = await api.call('services.list', { workspaceId: id })
  const port = services.find((service) => service.name === text)?.port
  if (port !== undefined) return port
  const known = services.filter((service) => service.port !== undefined).map((service) => service.name)
  throw new SkeinError('invalid', `"${text}" is no port, and no service of ${name} that has one`, {
    next: known.length === 0 ? 'Give a port, e.g. 3000.' : `Give a port, or one of: ${known.join(', ')}.`,
  })
}

function settingsOf(given: readonly string[]): Record<string, string | null> {
  const settings: Record<string, string | null> = {}
  for (const text of given) {
    const [, name, value = ''] = /^([^=\s]+)=(.*)$/s.exec(text) ?? []
    if (name === undefined)
      throw new SkeinError('invalid', `"${text}" is not a setting`, { next: 'Give it as name=value.' })
    settings[name] = value === '' ? null : value
  }
  return settings
}
