import { type ProviderContext, SkeinError } from '@skein/plugin-api'
import { FlightEntries, type FlightEntry } from './machine-records.ts'
import { LiveLines, newRunFolder } from './script-logs.ts'
import { scriptProcess } from './script-process.ts'
import { ScriptRun } from './script-run.ts'
import { findScript, scriptFolder } from './scripts.ts'
import { parseFlightSettings } from './settings.ts'

export type Ended = { done: true } | { done: false; problem: string; log: string }

/** Runs `teardown`, or waits for the one that an earlier process began; the entry is gone when it went well. */
export async function endWorkspace(entry: FlightEntry, context: ProviderContext): Promise<Ended> {
  const entries = new FlightEntries(context.home)
  const settings = parseFlightSettings(entry.settings)
  const script = findScript('teardown', entry.project, context.home, settings)
  if (!script) {
    await entries.write({ ...entry, state: 'gone' })
    context.progress(`There is no teardown script: remove ${entry.name} by hand if it costs anything.`)
    return { done: true }
  }
  if (entry.state === 'ending' && entry.run !== '') {
    const problem = await outcome(new ScriptRun(entry.run), entry, settings.teardownTimeoutMinutes, context)
    if (problem === undefined) {
      await entries.write({ ...entry, state: 'gone' })
      return { done: true }
    }
    context.log(`the teardown that an earlier process began failed, and is run again: ${problem}`)
  }
  const run = new ScriptRun(await newRunFolder(context.home, 'teardown', entry.project))
  await run.prepare()
  await entries.write({ ...entry, state: 'ending', run: run.folder })
  const cwd = scriptFolder(entry.project, context.home)
  context.progress(`Tearing down ${entry.name} with ${script.source}`)
  const variables = { FLIGHT_WORKSPACE: entry.name }
  await run.start(script.source, scriptProcess(script.command, [], { cwd, variables }))
  const problem = await outcome(run, entry, settings.teardownTimeoutMinutes, context)
  if (problem !== undefined) return { done: false, problem, log: run.folder }
  await entries.write({ ...entry, state: 'gone' })
  return { done: true }
}

/** Why it failed; undefined if it did not. */
async function outcome(
  run: ScriptRun,
  entry: FlightEntry,
  minutes: number,
  { signal, progress }: ProviderContext,
): Promise<string | undefined> {
  const complaints: string[] = []
  const lines = new LiveLines(progress, run.folder)
  // That the work was cancelled is no reason to leave what it made.
  const cancelled = signal.aborted && signal.reason instanceof SkeinError
  const end = await run.wait({
    timeoutMs: minutes * 60_000,
    ...(cancelled ? {} : { signal }),
    onLine(line, from) {
      if (from === 'stderr' && line.trim() !== '') complaints.push(line)
      if (complaints.length > 5) complaints.shift()
      lines.push(line)
    },
  })
  lines.flush()
  const said = complaints.length === 0 ? '' : `: ${complaints.join(' · ')}`
  if (end.how === 'lost') return `it cannot be told how the teardown of ${entry.name} ended.`
  if (end.how === 'stopped') return `no end within ${minutes} min (teardownTimeoutMinutes)${said}.`
  return end.code === 0 ? undefined : `the script ended with exit ${end.code}${said}.`
}
