import { randomUUID } from 'node:crypto'
import { type Finding, type MachineInfo, SkeinError } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findMachine } from '../find-machine.ts'
import { writeJson } from '../json-output.ts'
import { kindAndName, machineSettings } from '../machine-settings.ts'
import { cleanLine } from '../render/clean.ts'
import { count } from '../render/figures.ts'
import { findingRows } from '../render/finding-rows.ts'
import { kindRows, machineRows, machineTable } from '../render/machine-rows.ts'
import { type Row, row, span } from '../render/row.ts'

interface Json {
  json?: boolean
}

/** `skein machine kinds`: what machines there can be, and their settings. */
export async function kinds(options: Json, { api, terminal }: CommandContext): CommandResult {
  const all = await api.call('machines.kinds', {})
  if (options.json) for (const kind of all) writeJson(terminal.stdout, { type: 'kind', kind })
  else
    print(
      terminal,
      all.flatMap((kind, index) => [...(index === 0 ? [] : [[]]), ...kindRows(kind)]),
    )
  return ExitCode.ok
}

/** `skein machine add KIND:NAME`: makes a machine known, or changes its settings, and connects to it. */
export async function add(named: string, options: Json & { set?: string[] }, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const { kind, name } = kindAndName(named)
  const settings = machineSettings(options.set)
  const machine = await api
    .call('machines.add', { key: randomUUID(), kind, name, settings })
    .catch(async (error: unknown) => {
      throw await withWhatStays(error, named, context)
    })
  if (options.json) writeJson(terminal.stdout, { type: 'machine', machine })
  else {
    const use = span(`skein run --on ${machine.id} "…"`, 'code')
    const ahead = Number(machine.settings.pool ?? 0) > 0
    print(terminal, [
      row(span('✓ ', 'good'), span(cleanLine(machine.id), 'strong'), addedNote(machine)),
      row('  ', use),
      ...(ahead
        ? [row('  ', span(`skein machine fill ${machine.id}`, 'code'), '  in a repository, for its first')]
        : []),
    ])
  }
  return ExitCode.ok
}

/** `skein machine fill`: makes the machines ahead that settings want, for the repository that the person is in. */
export async function fill(name: string, options: Json, { api, terminal, cwd }: CommandContext): CommandResult {
  const { id } = await findMachine(api, name)
  const { id: projectId } = await api.call('projects.open', { key: randomUUID(), path: cwd })
  const machine = await api.call('machines.fill', { key: randomUUID(), machineId: id, projectId })
  if (options.json) writeJson(terminal.stdout, { type: 'machine', machine })
  else print(terminal, machineTable([machine], terminal.columns(), Date.now()).slice(2))
  return ExitCode.ok
}

function addedNote({ template, platform, arch }: MachineInfo): string {
  if (template) return ' is made for each workspace that is put there'
  return platform === undefined ? ' is known' : ` is connected (${platform} ${arch})`
}

/** A machine that could not be connected to may be known all the same. */
async function withWhatStays(thrown: unknown, id: string, { api }: CommandContext): Promise<SkeinError> {
  const error = SkeinError.from(thrown, `adding ${id}`)
  const machines = await api.call('machines.list', {}).catch(() => [])
  if (!machines.some((machine) => machine.id === id)) return error
  const then = `${id} is known now. Then: skein machine start ${id}. To forget it: skein machine rm ${id}`
  return new SkeinError(error.code, error.message, {
    next: error.next === undefined ? then : `${error.next} ${then}`,
    ...(error.details ? { details: error.details } : {}),
    cause: error,
  })
}

/** `skein machine rm`: forgets a machine. */
export async function rm(name: string, options: Json, { api, terminal }: CommandContext): CommandResult {
  const { id, template, lifetime } = await findMachine(api, name)
  await api.call('machines.remove', { key: randomUUID(), machineId: id })
  const what = lifetime === 'workspace' && !template ? 'destroyed' : 'forgotten'
  if (options.json) writeJson(terminal.stdout, { type: 'machine_gone', machineId: id })
  else print(terminal, [row(span('✓ ', 'good'), `${cleanLine(id)} is ${what}.`)])
  return ExitCode.ok
}

/** `skein machine start`: starts a machine that was stopped, or tries a link that was lost at once. */
export async function start(name: string, options: Json, context: CommandContext): CommandResult {
  const { id } = await findMachine(context.api, name)
  return tell(await context.api.call('machines.start', { key: randomUUID(), machineId: id }), options, context)
}

/** `skein machine stop`: stops a machine that was made for a workspace; `start` brings it back. */
export async function stop(name: string, options: Json, context: CommandContext): CommandResult {
  const { id } = await findMachine(context.api, name)
  return tell(await context.api.call('machines.stop', { key: randomUUID(), machineId: id }), options, context)
}

function tell(machine: MachineInfo, options: Json, { terminal }: CommandContext): CommandResult {
  if (options.json) writeJson(terminal.stdout, { type: 'machine', machine })
  else print(terminal, machineRows(machine, new Map(), Date.now()).slice(0, 2))
  return Promise.resolve(ExitCode.ok)
}

/** `skein machine doctor`: what is missing on a machine, or on all. */
export async function doctor(name: string | undefined, options: Json, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const machines =
    name === undefined
      ? (await api.call('machines.list', {})).filter(({ template }) => !template)
      : [await findMachine(api, name)]
  let broken = 0
  for (const machine of machines) {
    const findings = await findingsOf(machine, context)
    broken += findings.filter(({ ok, severity }) => !ok && severity === 'error').length
    if (options.json)
      for (const finding of findings) writeJson(terminal.stdout, { type: 'finding', machineId: machine.id, finding })
    else print(terminal, [row(span(cleanLine(machine.id), 'strong')), ...findings.flatMap(findingRows)])
  }
  if (!options.json) print(terminal, [[], verdict(broken)])
  return broken === 0 ? ExitCode.ok : ExitCode.failed
}

function verdict(broken: number): Row {
  if (broken === 0) return row(span('Skein can work there.', 'good'))
  return row(span(`${count(broken, 'thing')} to repair first.`, 'bad'))
}

/** That it cannot be looked at is a finding too, and so is how the link stands. */
async function findingsOf(machine: MachineInfo, { api }: CommandContext): Promise<Finding[]> {
  const { id, state, problem } = machine
  const well = state === 'connected' || state === 'idle'
  const link: Finding = {
    ...{ id: `${id}-link`, ok: well, severity: state === 'unreachable' ? 'error' : 'warning' },
    ...{ what: state, detail: machine.because },
    ...(well ? {} : { remedy: `Try it now: skein machine start ${id}` }),
  }
  const left: Finding[] =
    problem === undefined ? [] : [{ id: `${id}-problem`, ok: false, severity: 'error', what: problem }]
  try {
    const { findings } = await api.call('machines.diagnose', { machineId: id })
    return [link, ...left, ...findings]
  } catch (thrown) {
    const error = SkeinError.from(thrown, `looking at ${id}`)
    const remedy = error.next === undefined ? {} : { remedy: error.next }
    return [link, ...left, { id: `${id}-look`, ok: false, severity: 'error', what: error.message, ...remedy }]
  }
}
