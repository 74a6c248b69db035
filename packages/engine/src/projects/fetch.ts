import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ApiParams, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { Serial } from '../serial.ts'
import { cloneSource } from './clone-url.ts'
import { type Credential, runGit } from './git-process.ts'
import { openProject, type ProjectRow } from './projects.ts'

type Wanted = Omit<ApiParams<'projects.fetch'>, 'key'>

const PART = '.part-'
/** One at a time for each clone of this process. */
const turns = new Map<string, Serial>()

/**
 * The project of an address: cloned below `<home>/clones` the first time, then only brought what is missing. Its files are not
 * checked out: workspaces have their own. May be repeated at any time.
 */
export async function fetchProject(
  context: EngineContext,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<{ project: ProjectRow; commit: string }> {
  const { password, ...source } = cloneSource(wanted.url)
  if (password !== undefined)
    throw new SkeinError('invalid', `fetching ${source.url}: the address holds a password`, {
      next: 'Take it out of the address, and give it as the credential for that host.',
    })
  checkNames(wanted, source.url)
  if (wanted.credential) context.redactor.add(wanted.credential.password)
  const runner = await context.machines.runner(await context.machines.ensure(HOME_MACHINE))
  const holder = join(context.home, 'clones', shortId('', source.url, String(wanted.depth ?? '')))
  const turn = turns.get(holder) ?? new Serial()
  turns.set(holder, turn)
  return turn.run(async () => {
    const clone = new Clone(context, runner, { ...wanted, url: source.url }, join(holder, source.name), signal)
    const commit = await clone.bring(holder)
    const row = await openProject(context, clone.folder)
    return { project: row, commit }
  })
}

class Clone {
  readonly folder: string
  readonly #context: EngineContext
  readonly #runner: RunnerClient
  readonly #wanted: Wanted
  readonly #signal: AbortSignal

  constructor(context: EngineContext, runner: RunnerClient, wanted: Wanted, folder: string, signal: AbortSignal) {
    this.#context = context
    this.#runner = runner
    this.#wanted = wanted
    this.folder = folder
    this.#signal = signal
  }

  async bring(holder: string): Promise<string> {
    const fresh = (await this.#runner.call('fs.stat', { path: this.folder })) === null
    if (fresh) await this.#clone(holder)
    const commit = await this.#commit(fresh)
    if (this.#wanted.submodules) await this.#bringSubmodules(commit)
    return commit
  }

  /** Beside where it is to be: what a killed process leaves is not taken for a clone. */
  async #clone(holder: string): Promise<void> {
    await mkdir(holder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(holder))
      if (name.startsWith(PART)) await rm(join(holder, name), { recursive: true, force: true })
    const part = join(holder, `${PART}${this.#context.uuid()}`)
    const { url } = this.#wanted
    try {
      await this.#git(`cloning ${url}`, ['clone', '--no-checkout', ...this.#depth(), '--', url, part])
      await rename(part, this.folder)
    } catch (error) {
      await rm(part, { recursive: true, force: true })
      throw error
    }
  }

  async #commit(fresh: boolean): Promise<string> {
    const { branch, tag, commit } = this.#wanted
    if (commit !== undefined) return this.#bringCommit(commit)
    if (branch !== undefined) return this.#bringRef(`refs/heads/${branch}`, `refs/remotes/origin/${branch}`)
    if (tag !== undefined) return this.#bringRef(`refs/tags/${tag}`, `refs/tags/${tag}`)
    if (fresh) return this.#resolve('HEAD')
    return this.#bringRef('HEAD', 'refs/skein/fetched/HEAD')
  }

  async #bringRef(from: string, to: string): Promise<string> {
    await this.#fetch(`+${from}:${to}`)
    return this.#resolve(to)
  }

  async #bringCommit(commit: string): Promise<string> {
    if (await this.#has(commit)) return commit
    const to = `refs/skein/fetched/${commit}`
    // Not every server hands out a commit by its id; then it is among what the branches and tags have, or nowhere.
    await this.#fetch(`+${commit}:${to}`).catch(async (error: unknown) => {
      if (this.#signal.aborted) throw error
      await this.#fetch('+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*')
    })
    if (await this.#has(commit)) return commit
    throw new SkeinError('not_found', `fetching ${this.#wanted.url}: it has no commit ${commit}`, {
      next: 'Give a commit that a branch or a tag of that repository has.',
    })
  }

  /** A checkout of our own clone makes git fetch them; workspaces borrow their objects. */
  async #bringSubmodules(commit: string): Promise<void> {
    const doing = `fetching the submodules of ${this.#wanted.url}`
    const local = isLocal(this.#wanted.url) ? ['-c', 'protocol.file.allow=always'] : []
    await this.#git(doing, ['-C', this.folder, 'checkout', '--quiet', '--force', '--detach', commit])
    await this.#git(doing, [...local, '-C', this.folder, 'submodule', 'update', '--init', '--recursive', '--force'])
  }

  #fetch(...refs: string[]): Promise<void> {
    const flags = ['--no-tags', '--force', '--no-write-fetch-head', '--no-recurse-submodules', ...this.#depth()]
    return this.#git(`fetching from ${this.#wanted.url}`, [
      '-C',
      this.folder,
      'fetch',
      ...flags,
      '--',
      'origin',
      ...refs,
    ])
  }

  #depth(): string[] {
    return this.#wanted.depth === undefined ? [] : ['--depth', String(this.#wanted.depth)]
  }

  async #has(commit: string): Promise<boolean> {
    const argv = ['git', '-C', this.folder, 'cat-file', '-e', `${commit}^{commit}`]
    return (await this.#runner.call('exec', { argv })).code === 0
  }

  async #resolve(ref: string): Promise<string> {
    const argv = ['git', '-C', this.folder, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`]
    const { code, stdout } = await this.#runner.call('exec', { argv })
    if (code === 0) return stdout.trim()
    throw new SkeinError('invalid', `fetching ${this.#wanted.url}: the repository has no commit yet`, {
      next: 'Make a first commit there.',
    })
  }

  #git(doing: string, args: string[]): Promise<void> {
    const given = this.#wanted.credential
    const credential: Credential | undefined =
      given && /^https?:/i.test(this.#wanted.url) ? { origin: new URL(this.#wanted.url).origin, ...given } : undefined
    return runGit(this.#context, this.#runner, { doing, args, credential }, this.#signal)
  }
}

function isLocal(url: string): boolean {
  return url.startsWith('/') || url.startsWith('file:')
}

/** What git would take for an option, or for more than one ref. */
function checkNames({ branch, tag, commit }: Wanted, url: string): void {
  const doing = `fetching ${url}`
  if ([branch, tag, commit].filter((one) => one !== undefined).length > 1)
    throw new SkeinError('invalid', `${doing}: of branch, tag and commit only one can be given`)
  for (const name of [branch, tag])
    if (name !== undefined && !isRefName(name))
      throw new SkeinError('invalid', `${doing}: "${name}" cannot be the name of a branch or a tag`)
}

function isRefName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return name !== '@' && !/^[-/.]|\.\.|[\x00-\x20\x7f~^:?*[\\]|@\{|\/\/|[/.]$|\.lock$/.test(name)
}
