import { type ProviderContext, SkeinError } from '@skein/plugin-api'
import { FlightEntries, type FlightEntry } from './machine-records.ts'
import { nameOfFailed } from './name-of-failed.ts'
import { ProvisionOutput } from './provision-output.ts'
import { LiveLines, newRunFolder, pruneLogs } from './script-logs.ts'
import { scriptProcess } from './script-process.ts'
import { type RunEnd, ScriptRun } from './script-run.ts'
import { requireScript, scriptFolder } from './scripts.ts'
import { parseFlightSettings } from './settings.ts'
import { endWorkspace } from './teardown.ts'

/**
 * Runs the project's `provision` script once for this entry, or goes on with a run that an earlier process left: one that is
 * still running is waited for, one that has ended is read. The entry is on disk before anything is started. Throws with
 * whatever was made torn down, or listed as an orphan.
 */
export async function provision(entry: FlightEntry, context: ProviderContext): Promise<FlightEntry> {
  const entries = new FlightEntries(context.home)
  if (entry.run !== '') {
    context.progress('Going on with the provisioning that was begun.')
    const { end, output } = await follow(entry, context)
    if (end.how !== 'lost') return finish(entry, end, output, context)
    context.progress('It cannot be told how the provisioning that was begun ended.')
    await cleanUp(entry, output, context)
  }
  const run = new ScriptRun(await newRunFolder(context.home, 'provision', entry.project))
  const settings = parseFlightSettings(entry.settings)
  const script = requireScript('provision', entry.project, context.home, settings)
  const begun: FlightEntry = { ...entry, state: 'provisioning', name: '', outputs: {}, run: run.folder, problem: '' }
  await run.prepare()
  await entries.write(begun)
  const cwd = scriptFolder(entry.project, context.home)
  context.progress(`Provisioning with ${script.source}`)
  await run.start(script.source, scriptProcess(script.command, [], { cwd, variables: { FLIGHT_BRANCH: entry.branch } }))
  const { end, output } = await follow(begun, context, run)
  return finish(begun, end, output, context)
}

/** Ends a provisioning that nobody waits for any more. Answers the entry if it turns out that all was made. */
export async function abandon(entry: FlightEntry, context: ProviderContext): Promise<FlightEntry | undefined> {
  if (entry.run === '') {
    await new FlightEntries(context.home).remove(entry.key)
    return undefined
  }
  const { end, output } = await follow(entry, context)
  if (end.how === 'exited' && end.code === 0 && output.name !== '') return finish(entry, end, output, context)
  context.progress(await cleanUp(entry, output, context))
  return undefined
}

async function follow(
  entry: FlightEntry,
  context: ProviderContext,
  run = new ScriptRun(entry.run),
): Promise<{ end: RunEnd; output: ProvisionOutput & { complaints: string[] } }> {
  const output = Object.assign(new ProvisionOutput(), { complaints: [] as string[] })
  const lines = new LiveLines(context.progress, entry.run)
  const end = await run.wait({
    timeoutMs: parseFlightSettings(entry.settings).provisionTimeoutMinutes * 60_000,
    signal: context.signal,
    cancellable: true,
    onLine(line, from) {
      if (from === 'stderr' && line.trim() !== '') output.complaints.push(line)
      if (output.complaints.length > 20) output.complaints.shift()
      if (from === 'stderr' || output.push(line)) lines.push(line)
    },
  })
  lines.flush()
  return { end, output }
}

async function finish(
  entry: FlightEntry,
  end: RunEnd,
  output: ProvisionOutput & { complaints: string[] },
  context: ProviderContext,
): Promise<FlightEntry> {
  const failure = failureOf(entry, end, output)
  if (failure) {
    const note = await cleanUp(entry, output, context)
    throw new SkeinError(failure.code, failure.message, {
      next: `${note} Its whole log is in ${entry.run}.`,
      details: { log: entry.run },
    })
  }
  const entries = new FlightEntries(context.home)
  const ready: FlightEntry = {
    ...entry,
    state: 'ready',
    name: output.name,
    ours: true,
    outputs: Object.fromEntries([...output.values].filter(([key]) => KNOWN_OUTPUTS.has(key))),
  }
  await entries.write(ready)
  await pruneLogs(
    context.home,
    (await entries.all(() => undefined)).map(({ run }) => run),
  )
  return ready
}

/** Others mean nothing to Skein. */
const KNOWN_OUTPUTS = new Set(['url', 'ssh_target', 'repo_path'])

function failureOf(
  { project, settings }: FlightEntry,
  end: RunEnd,
  { name, complaints }: ProvisionOutput & { complaints: string[] },
): { code: 'invalid' | 'unavailable' | 'timed_out' | 'cancelled'; message: string } | undefined {
  const what = `provisioning a remote workspace for ${project.name}`
  const said = complaints.length === 0 ? '' : `:\n${complaints.join('\n')}`
  if (end.how === 'lost')
    return { code: 'unavailable', message: `${what}: its process was killed before it could end${said}` }
  if (end.how === 'stopped') {
    const minutes = parseFlightSettings(settings).provisionTimeoutMinutes
    if (end.why === 'cancelled') return { code: 'cancelled', message: `${what}: cancelled` }
    if (end.why === 'timed_out')
      return { code: 'timed_out', message: `${what}: no end within ${minutes} min (provisionTimeoutMinutes)${said}` }
    return { code: 'invalid', message: `${what}: the script printed more than 1 GiB, so it was ended` }
  }
  if (end.code !== 0) return { code: 'unavailable', message: `${what}: the script ended with exit ${end.code}${said}` }
  if (name === '')
    return {
      code: 'invalid',
      message: `${what}: the script ended well but printed no name. The last line of its stdout must be the name of the workspace it made${said}`,
    }
  if (name.includes('\0') || name.length > 1000)
    return { code: 'invalid', message: `${what}: the last line that the script printed is no name` }
  return undefined
}

/** Ends whatever a provisioning that failed has made. Answers what a person should know of it. */
async function cleanUp(entry: FlightEntry, output: ProvisionOutput, context: ProviderContext): Promise<string> {
  const entries = new FlightEntries(context.home)
  const name = await nameOfFailed(entry, output, context)
  if (name === undefined) {
    await entries.remove(entry.key)
    return 'It had named no workspace yet, so nothing was torn down; if it made something, remove that by hand.'
  }
  const ended = await endWorkspace({ ...entry, name, ours: true }, context)
  if (ended.done) return `What it had made (${name}) was torn down.`
  // The key is free for another try; what is left keeps being listed under a name of its own.
  await entries.remove(entry.key)
  const key = `${entry.key}~${Date.now().toString(36)}`
  await entries.write({ ...entry, key, name, ours: true, state: 'orphan', run: ended.log, problem: ended.problem })
  return `What it had made (${name}) could not be torn down: ${ended.problem} It stays listed as an orphan and is tried again; else remove it by hand.`
}
