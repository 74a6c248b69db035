import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { SkeinError } from '@skein/plugin-api'
import { writeDurably } from '../durable-file.ts'
import { runScript } from '../run-script.ts'
import { FLIGHT_SCRIPTS, type FlightScriptName } from '../scripts.ts'
import { hashOf, readApproval, scriptsFolder, sha256 } from './approved.ts'
import type { ScriptForge } from './forges.ts'

/** A fetched script that is not what was approved before. */
export interface ScriptChange {
  name: FlightScriptName
  kind: 'added' | 'changed'
  /** A unified diff against what was approved. */
  diff: string
}

export interface FetchedScripts {
  /** Approve this to let them run; of all scripts as they would be afterwards. */
  hash: string
  /** Empty: nothing waits for a person. */
  changes: ScriptChange[]
  /** These changes were not there at the last fetch: time to tell a person, once. */
  news: boolean
}

/**
 * Fetches `.flight/*` of a project without a clone from its forge, and keeps what is new beside what was approved, to be looked
 * at. A script that is not there any more stays as it was approved. Throws, with nothing changed, if `provision` or `connect`
 * cannot be had.
 */
export async function fetchFlightScripts(
  home: string,
  project: string,
  forge: ScriptForge,
  signal?: AbortSignal,
): Promise<FetchedScripts> {
  const folder = scriptsFolder(home, project)
  const approved = readApproval(folder)?.scripts ?? {}
  const fetched = new Map<FlightScriptName, string>()
  for (const name of FLIGHT_SCRIPTS) {
    const text = await forge.read(`.flight/${name}`, signal).catch((error: unknown) => {
      if (!isNeeded(name)) return undefined
      throw notFetched(name, forge, error)
    })
    if (text !== undefined && text.trim() !== '') fetched.set(name, `${text.trimEnd()}\n`)
    else if (isNeeded(name) && approved[name] === undefined) throw notFetched(name, forge)
  }
  const pending = join(folder, 'pending')
  await mkdir(pending, { recursive: true, mode: 0o700 })
  const changes: ScriptChange[] = []
  const after: Record<string, string> = { ...approved }
  let news = false
  for (const [name, text] of fetched) {
    const path = join(pending, name)
    after[name] = sha256(text)
    if (after[name] === approved[name]) {
      await rm(path, { force: true })
      continue
    }
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
      news = true
      await writeDurably(path, text)
    }
    const kind = approved[name] === undefined ? 'added' : 'changed'
    changes.push({ name, kind, diff: await diffOf(kind === 'added' ? devNull : join(folder, name), path, name) })
  }
  return { hash: hashOf(after), changes, news }
}

/** Lets the fetched scripts run that a person has seen under this hash. Throws `conflict` if they are others by now. */
export async function approveFlightScripts(home: string, project: string, hash: string): Promise<void> {
  const folder = scriptsFolder(home, project)
  const scripts: Record<string, string> = { ...readApproval(folder)?.scripts }
  const texts = new Map<string, string>()
  for (const name of FLIGHT_SCRIPTS) {
    const path = join(folder, 'pending', name)
    if (!existsSync(path)) continue
    const text = readFileSync(path, 'utf8')
    texts.set(name, text)
    scripts[name] = sha256(text)
  }
  if (hashOf(scripts) !== hash)
    throw new SkeinError('conflict', `the scripts of ${project} are not those that were shown`, {
      next: 'Look at the difference again, then approve it.',
    })
  // Until the approval says so, a script that was replaced already is refused; the same approval repeated mends that.
  for (const [name, text] of texts) await writeDurably(join(folder, name), text, 0o755)
  await writeDurably(join(folder, 'approved.json'), `${JSON.stringify({ hash, scripts, at: Date.now() }, null, 2)}\n`)
  for (const name of texts.keys()) await rm(join(folder, 'pending', name), { force: true })
}

/** Forgets the scripts of a project that is removed. */
export async function forgetFlightScripts(home: string, project: string): Promise<void> {
  await rm(scriptsFolder(home, project), { recursive: true, force: true })
}

function isNeeded(name: FlightScriptName): boolean {
  return name === 'provision' || name === 'connect'
}

function notFetched(name: string, { repository }: ScriptForge, cause?: unknown): SkeinError {
  const why = cause instanceof Error ? cause.message : 'it is not there'
  return new SkeinError(
    cause === undefined ? 'missing' : 'unavailable',
    `Couldn't fetch .flight/${name} from ${repository}: ${why}`,
    {
      next: `Remote workspaces of a project without a clone need .flight/provision and .flight/connect in its repository.`,
      cause,
    },
  )
}

async function diffOf(before: string, after: string, name: string): Promise<string> {
  const argv = ['git', 'diff', '--no-index', '--no-color', '--no-ext-diff', '--', before, after]
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', GIT_CONFIG_GLOBAL: devNull, HOME: '/' }
  const answer = await runScript('git diff', { argv: ['git', ...argv.slice(1)], env, cwd: '/' }, { timeoutMs: 30_000 })
  const hunks = answer.stdout.indexOf('\n@@')
  const header = `--- ${before === devNull ? devNull : `a/.flight/${name}`}\n+++ b/.flight/${name}`
  return hunks === -1 ? header : `${header}${answer.stdout.slice(hunks)}`
}
