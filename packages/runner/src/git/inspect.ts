import { realpath } from 'node:fs/promises'
import { type RunnerParams, type RunnerResult, SkeinError } from '@skein/protocol'
import { git, gitText } from './git.ts'
import { branchOf, findObjectId } from './repository.ts'

type Inspection = RunnerResult<'git.inspect'>

const OLDEST = [2, 34] as const

/** What a folder is to git. Whatever hinders work there is told in `problem`, not thrown. */
export async function inspect({ path }: RunnerParams<'git.inspect'>, signal?: AbortSignal): Promise<Inspection> {
  const gitVersion = await readVersion(signal)
  const none: Inspection = {
    kind: 'none',
    head: null,
    branch: null,
    empty: false,
    shallow: false,
    remotes: [],
    defaultBranch: null,
    gitVersion,
  }
  const doing = `inspecting ${path}`
  const questions = ['--git-common-dir', '--is-bare-repository', '--is-inside-work-tree', '--is-shallow-repository']
  const answer = await git(['rev-parse', '--path-format=absolute', ...questions], { doing, at: path, signal }).catch(
    (error: unknown) => refusal(error),
  )
  if (typeof answer === 'string') return { ...none, problem: answer }
  if (answer === undefined) return none

  const [commonDir = '', bare, inside, shallow] = answer.stdout.toString('utf8').split('\n')
  const isBare = bare === 'true'
  if (!isBare && inside !== 'true') return { ...none, problem: `${path} is inside the git folder of a repository` }
  const [root, head, branch, remotes] = await Promise.all([
    isBare ? realpath(path) : gitText(['rev-parse', '--show-toplevel'], { doing, at: path, signal }),
    findObjectId('HEAD', 'commit', { at: path, doing, signal }),
    branchOf(path, signal),
    readRemotes(path, signal),
  ])
  const problem = problemOf(gitVersion)
  return {
    kind: isBare ? 'bare' : 'worktree',
    root,
    commonDir,
    head: head ?? null,
    branch,
    empty: head === undefined,
    shallow: shallow === 'true',
    remotes,
    defaultBranch: await readDefaultBranch(path, { branch, remotes, signal }),
    gitVersion,
    ...(problem === undefined ? {} : { problem }),
  }
}

async function readVersion(signal?: AbortSignal): Promise<string> {
  const text = await gitText(['version'], { doing: 'asking git for its version', at: '/', signal })
  return text.replace(/^git version /, '')
}

function problemOf(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined
  return `git ${version} is too old: ${OLDEST.join('.')} or newer is needed`
}

/** Undefined: no repository, or no folder. A text: there is one, and git will not touch it. */
function refusal(error: unknown): string | undefined {
  if (!(error instanceof SkeinError) || error.code === 'missing' || error.code === 'cancelled') throw error
  if (error.code === 'not_found') return undefined
  return error.next === undefined ? error.message : `${error.message}. ${error.next}`
}

async function readRemotes(at: string, signal?: AbortSignal): Promise<Inspection['remotes']> {
  const { stdout } = await git(['config', '-z', '--get-regexp', '^remote\\..*\\.url$'], {
    doing: `reading the remotes of ${at}`,
    at,
    signal,
    answers: [1],
  })
  const found = stdout
    .toString('utf8')
    .split('\0')
    .flatMap((text) => {
      const [, name, url] = /^remote\.(.*)\.url\n(.*)$/s.exec(text) ?? []
      return name === undefined || url === undefined ? [] : [{ name, url: withoutCredentials(url) }]
    })
  // A remote may have several; git fetches from the first.
  return found.filter(({ name }, index) => found.findIndex((other) => other.name === name) === index)
}

/** A token that somebody put into a URL is nobody else's business. A user's name is part of an ssh address. */
export function withoutCredentials(url: string): string {
  return url.replace(/^(https?:\/\/)[^/@]*@/i, '$1').replace(/^([a-z+]+:\/\/[^/@:]*):[^/@]*@/i, '$1@')
}

async function readDefaultBranch(
  at: string,
  {
    branch,
    remotes,
    signal,
  }: { branch: string | null; remotes: Inspection['remotes']; signal: AbortSignal | undefined },
): Promise<string | null> {
  const doing = `looking for the default branch of ${at}`
  const remote = remotes.find(({ name }) => name === 'origin')?.name ?? remotes[0]?.name
  const initial = await gitText(['config', '--get', 'init.defaultBranch'], { doing, at, signal, answers: [1] })
  const candidates = [initial, 'main', 'master'].filter((name) => name !== '')
  const pattern = remote === undefined ? [] : [`refs/remotes/${remote}/HEAD`]
  const refs = await gitText(
    ['for-each-ref', '--format=%(refname) %(symref)', ...pattern, ...candidates.map((name) => `refs/heads/${name}`)],
    { doing, at, signal },
  )
  const lines = refs.split('\n')
  const ofRemote = lines
    .map((line) => / refs\/remotes\/[^/]+\/(.+)$/.exec(line)?.[1])
    .find((name) => name !== undefined)
  return ofRemote ?? candidates.find((name) => lines.includes(`refs/heads/${name} `)) ?? branch
}
