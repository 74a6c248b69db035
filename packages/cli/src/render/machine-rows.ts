import type {
  MachineInfo,
  MachineKind,
  MachinePool,
  MachineResources,
  MachineSetting,
  MachineState,
  Monitored,
} from '@skein/protocol'
import { cleanLine } from './clean.ts'
import { age, bytes, clock, count, duration } from './figures.ts'
import type { Tone } from './palette.ts'
import { fit, type Row, row, type Span, span, widthOfRow } from './row.ts'

const STATES: Record<MachineState, { mark: string; tone: Tone }> = {
  idle: { mark: '·', tone: 'dim' },
  connecting: { mark: '▸', tone: 'accent' },
  connected: { mark: '●', tone: 'good' },
  reconnecting: { mark: '~', tone: 'warn' },
  unreachable: { mark: '✗', tone: 'bad' },
  stopped: { mark: '–', tone: 'dim' },
}

/** The table of `skein machine ls`: those that are there first, then settings for those that are made for workspaces. */
export function machineTable(machines: readonly MachineInfo[], columns: number, now: number): Row[] {
  const templates = machines.filter(({ template }) => template)
  return [
    ...table(
      machines.filter(({ template }) => !template).map((machine) => cells(machine, now)),
      columns,
    ),
    ...(templates.length === 0 ? [] : [[], row(span('Made for a workspace when one is put there:', 'dim'))]),
    ...table(templates.map(templateCells), columns),
    ...templates.flatMap(({ id, pools = [] }) => pools.flatMap((pool) => poolRows(id, pool, now))),
  ]
}

function table(lines: readonly (readonly Row[])[], columns: number): Row[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => widthOfRow(line[column] ?? []))))
  return lines.map((line) => {
    const parts = line.flatMap((cell, column) => {
      if (widths[column] === 0) return []
      const last = column === line.length - 1
      return [...cell, ...(last ? [] : [span(' '.repeat((widths[column] ?? 0) - widthOfRow(cell) + 2))])]
    })
    return fit(parts, columns)
  })
}

function cells(machine: MachineInfo, now: number): Row[] {
  const { mark, tone } = STATES[machine.state]
  const { workspaces, running, roundTripMs, leaseUntil, problem } = machine
  const why = problem === undefined ? because(machine, now) : span(cleanLine(problem), 'bad')
  return [
    row(span(cleanLine(machine.id), 'strong')),
    row(span(`${mark} ${machine.state}`, tone)),
    row(workspaces.length === 0 ? '' : count(workspaces.length, 'workspace')),
    row(running === 0 ? '' : count(running, 'agent')),
    row(roundTripMs === undefined ? '' : `${Math.round(roundTripMs)} ms`),
    row(span(leaseUntil === undefined || leaseUntil <= now ? '' : `lease ${duration(leaseUntil - now)}`, 'dim')),
    row(why),
  ]
}

/** The machines that wait for workspaces of a project. */
function poolRows(id: string, pool: MachinePool, now: number): Row[] {
  const { projectName, size, ready, preparing, problem, retryAt } = pool
  const making = preparing === 0 ? '' : `, ${preparing} being made`
  const again = retryAt === undefined || retryAt <= now ? '' : ` (again in ${duration(retryAt - now)})`
  return [
    row(span(`  ${cleanLine(id)}, ahead for ${cleanLine(projectName)}: ${ready} of ${size} ready${making}`, 'dim')),
    ...(problem === undefined ? [] : [row(span('  ✗ ', 'bad'), cleanLine(problem), span(again, 'dim'))]),
  ]
}

function because({ because, since, retryAt, pool }: MachineInfo, now: number): Span {
  if (pool) return span(pool.ready ? 'waits for a workspace' : 'is made ready for a workspace to come', 'dim')
  const again = retryAt === undefined || retryAt <= now ? '' : `, again in ${duration(retryAt - now)}`
  return span(`${cleanLine(because)} (${age(now - since)}${again})`, 'dim')
}

function templateCells({ id, settings }: MachineInfo): Row[] {
  return [row(span('  '), span(cleanLine(id), 'strong')), row(span(settingsText(settings), 'dim'))]
}

function settingsText(settings: Record<string, unknown>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${cleanLine(valueText(value))}`)
    .join(' ')
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** All that is known of one machine. `names` has the workspaces' names by id. */
export function machineRows(machine: MachineInfo, names: ReadonlyMap<string, string>, now: number): Row[] {
  const { mark, tone } = STATES[machine.state]
  const settings = settingsText(machine.settings)
  const { platform, arch, runnerVersion, heartbeatAt, roundTripMs, leaseUntil, problem } = machine
  return [
    row(span(cleanLine(machine.id), 'strong'), span(`  ${LIFETIMES[machine.lifetime]}`, 'dim')),
    row(span(`${mark} ${machine.state}`, tone), '  ', because(machine, now)),
    ...(problem === undefined ? [] : [row(span('✗ ', 'bad'), cleanLine(problem))]),
    ...(platform === undefined ? [] : [field('system', `${platform} ${arch}, runner ${runnerVersion}`)]),
    ...(heartbeatAt === undefined ? [] : [field('heard of', `at ${clock(heartbeatAt)}${trip(roundTripMs)}`)]),
    ...(leaseUntil === undefined
      ? []
      : [field('lease', `until ${clock(leaseUntil)}; without news from here, it stops idle agents then`)]),
    ...(machine.isolated ? [field('isolated', 'agents there are kept from your own files')] : []),
    ...(settings === '' ? [] : [field('settings', settings)]),
    ...(machine.pools ?? []).flatMap((pool) => poolRows(machine.id, pool, now)),
    ...machine.workspaces.map((id, index) => field(index === 0 ? 'workspaces' : '', cleanLine(names.get(id) ?? id))),
    ...(machine.running === 0 ? [] : [field('running', count(machine.running, 'agent'))]),
  ]
}

const LIFETIMES = {
  shared: 'for many workspaces',
  workspace: 'made for a workspace, destroyed with it',
} as const

function trip(roundTripMs: number | undefined): string {
  return roundTripMs === undefined ? '' : `, in ${Math.round(roundTripMs)} ms`
}

/** What a machine has left, and what Skein's processes use there. */
export function resourceRows(
  resources: MachineResources & { processes: readonly { id: string; rssBytes: number; cpuMs: number }[] },
  nameOf: (processId: string) => string,
): Row[] {
  const { cpus, load, memoryBytes, memoryFreeBytes, diskBytes, diskFreeBytes, uptimeMs, processes } = resources
  return [
    field(
      'load',
      `${load.map((one) => one.toFixed(2)).join(' ')} on ${count(cpus, 'processor')}, up ${duration(uptimeMs)}`,
    ),
    field('memory', `${bytes(memoryFreeBytes)} free of ${bytes(memoryBytes)}`),
    field('disk', `${bytes(diskFreeBytes)} free of ${bytes(diskBytes)}`),
    ...processes
      .toSorted((a, b) => b.rssBytes - a.rssBytes)
      .map(({ id, rssBytes, cpuMs }, index) =>
        field(
          index === 0 ? 'processes' : '',
          `${cleanLine(nameOf(id))}  ${bytes(rssBytes)}, ${duration(cpuMs)} of processor time`,
        ),
      ),
  ]
}

const HEALTH: Record<Monitored['services'][number]['health'], { mark: string; tone: Tone }> = {
  critical: { mark: '✗', tone: 'bad' },
  warning: { mark: '!', tone: 'warn' },
  healthy: { mark: '●', tone: 'good' },
}

/** What the project's own monitor says of its services. */
export function monitorRows({ services, error }: Monitored): Row[] {
  return [
    ...(error === undefined ? [] : [row(span('monitor'.padEnd(11), 'dim'), span(cleanLine(error), 'warn'))]),
    ...services.map(({ name, status, health, metrics }, index) => {
      const { mark, tone } = HEALTH[health]
      const measured = metrics.map(({ label, value }) => `${cleanLine(label)} ${cleanLine(value)}`).join(' · ')
      return row(
        span((index === 0 ? 'monitor' : '').padEnd(11), 'dim'),
        span(`${mark} ${cleanLine(name)}`, tone),
        `  ${cleanLine(status)}`,
        span(measured === '' ? '' : `  ${measured}`, 'dim'),
      )
    }),
  ]
}

/** A kind of machine, and its settings as `--set` takes them. */
export function kindRows({ kind, label, lifetime, isolated, settings }: MachineKind): Row[] {
  return [
    row(
      span(cleanLine(kind), 'strong'),
      `  ${cleanLine(label)}, ${LIFETIMES[lifetime]}`,
      span(isolated ? ', isolated' : '', 'dim'),
    ),
    ...settings.map(settingRow),
  ]
}

function settingRow({ name, type, about, required, default: usual, choices }: MachineSetting): Row {
  const value = choices?.join('|') ?? { text: 'text', number: 'number', flag: 'true|false', list: 'a,b,…' }[type]
  const given = usual === undefined || usual === '' ? '' : ` (${cleanLine(valueText(usual))})`
  return row(
    '  ',
    span(`${cleanLine(name)}=${cleanLine(value)}`, 'code'),
    `  ${cleanLine(about)}`,
    span(required ? ' (required)' : given, required ? 'warn' : 'dim'),
  )
}

const field = (name: string, value: string): Row => row(span(name.padEnd(11), 'dim'), value)
