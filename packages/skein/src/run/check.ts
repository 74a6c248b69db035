import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { McpServer, PermissionMode, refuseCredentials, SkeinError } from '@skein/protocol'
import * as z from 'zod'
import { local, type On } from '../on.ts'
import type { AgentOptions, PlaceOptions, RepositorySpec, RunOptions, TurnOptions } from './options.ts'

/** A repository whose place was settled: one of this computer's folders, or an address. */
export interface CheckedRepository extends RepositorySpec {
  /** Absolute: a clone of this computer, whose commits are used as they are. */
  readonly path?: string
  /** Given, or the repository's own name. */
  readonly folder: string
}

/** Everything that is wrong with options is told by these, in one go and before anything is made. */
function invalid(what: string, next?: string): SkeinError {
  return new SkeinError('invalid', what, next === undefined ? {} : { next })
}

export function checkRun(options: RunOptions, keeps: boolean): void {
  checkPrompt(options.prompt)
  checkPlace(options)
  checkAgent(options)
  checkTurn(options)
  if (options.keep && !keeps)
    throw invalid('keeping the workspace of a run: its home is a temporary one, which goes with the run', KEEP)
  if (options.key !== undefined && (typeof options.key !== 'string' || !/^[\x21-\x7e]{1,150}$/.test(options.key)))
    throw invalid('the key of a run is to be 1 to 150 characters without spaces')
}

const KEEP = 'Give a home: await using skein = await embed({ home }); skein.run(…). Or use a server: connect(…).'

export function checkPrompt(prompt: unknown): void {
  if (typeof prompt !== 'string') throw invalid('the prompt is no text')
  if (prompt.trim() === '') throw invalid('the prompt is empty', 'Say what the agent should do.')
  if (prompt.includes('\0')) throw invalid('the prompt holds a NUL byte', 'Give it as text.')
}

export function checkPlace({ on, credential, name, repositories }: PlaceOptions): void {
  if (on !== undefined) checkOn(on)
  if (credential !== undefined && typeof credential !== 'function') throw invalid('`credential` is to be a function')
  if (name !== undefined && (typeof name !== 'string' || name.trim() === ''))
    throw invalid('the name of a workspace is to be a text')
  const elsewhere = on !== undefined && on.kind !== 'local'
  for (const { submodules, folder } of checkedRepositories(repositories))
    if (submodules && elsewhere)
      throw invalid(
        `repository ${folder}: its submodules can be checked out on this computer only`,
        'Leave `submodules` out, and let the agent fetch them: git submodule update --init.',
      )
}

function checkOn(on: On): void {
  const known = typeof on === 'object' && on !== null && typeof on.kind === 'string' && typeof on.name === 'string'
  if (!known || on.kind === '' || typeof on.settings !== 'object')
    throw invalid('`on` is no machine', `Use local(), ssh('host'), docker({…}), fly({…}) or machine('kind', 'name').`)
}

export function machineOf({ on = local() }: PlaceOptions): On {
  return on
}

/** The repositories in order, each with its folder. */
export function checkedRepositories(given: PlaceOptions['repositories']): CheckedRepository[] {
  if (given === undefined) return []
  const list = Array.isArray(given) ? given : [given]
  const checked = list.map(checkedRepository)
  for (const { folder, url } of checked) {
    const others = checked.filter((other) => other.folder === folder || folder.startsWith(`${other.folder}/`))
    if (others.length > 1)
      throw invalid(`repository ${url}: another one is to be in ${folder} too`, 'Give one of them another `folder`.')
  }
  return checked
}

function checkedRepository(given: unknown): CheckedRepository {
  const spec: unknown = typeof given === 'string' ? { url: given } : given
  if (typeof spec !== 'object' || spec === null || !('url' in spec) || typeof spec.url !== 'string')
    throw invalid('a repository is to be an address, or an object with a `url`')
  const { url, branch, tag, commit, folder, depth, submodules } = spec as RepositorySpec
  const unknown = Object.keys(spec).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined) throw invalid(`a repository has no option "${unknown}"`, `It has: ${KNOWN.join(', ')}.`)
  const path = localPath(url)
  const shown = path ?? checkedAddress(url)
  const doing = `repository ${shown}`
  if ([branch, tag, commit].filter((one) => one !== undefined).length > 1)
    throw invalid(`${doing}: of branch, tag and commit only one can be given`)
  for (const ref of [branch, tag]) if (ref !== undefined) checkRef(doing, ref)
  if (commit !== undefined && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
    throw invalid(`${doing}: "${commit}" is not a commit’s whole id`)
  if (depth !== undefined && !(Number.isInteger(depth) && depth > 0))
    throw invalid(`${doing}: the depth is to be a number of commits`)
  if (submodules !== undefined && typeof submodules !== 'boolean')
    throw invalid(`${doing}: \`submodules\` is to be true or false`)
  return {
    ...(spec as RepositorySpec),
    folder: folder === undefined ? nameOf(shown) : checkedFolder(doing, folder),
    ...(path === undefined ? {} : { path }),
  }
}

const KNOWN = ['url', 'branch', 'tag', 'commit', 'folder', 'depth', 'submodules']

function localPath(url: string): string | undefined {
  if (url.startsWith('~/')) return join(homedir(), url.slice(2))
  if (isAbsolute(url) || /^\.{1,2}(?:\/|$)/.test(url)) return resolve(url)
  return undefined
}

/** Without the text where it is refused: it may hold a password. */
function checkedAddress(url: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const option = url.trim() === '' || url.startsWith('-') || /[\x00-\x20\x7f]/.test(url) || /^[a-z0-9+.-]+::/i.test(url)
  const known = /^(?:https?|ssh|git|file):\/\/./i.test(url) || /^[\w.~-]+(?:@[\w.-]+)?:[^:-]/.test(url)
  if (option || !known || /^(?:ssh|git):\/\/-|@-|^-/.test(url))
    throw invalid(
      'a repository’s address is not one that git takes',
      'Give one such as https://example.org/group/name.git, git@example.org:group/name.git, or a folder: ./name.',
    )
  if (/^https?:/i.test(url)) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (!parsed) throw invalid('a repository’s address is not a URL')
    if (parsed.username !== '' || parsed.password !== '')
      throw invalid(
        `repository ${parsed.origin}${parsed.pathname}: its address holds a user name or a secret`,
        'Take it out, and answer it in `credential: (host) => …`.',
      )
  } else if (/^[a-z]+:\/\/[^/@]*:[^/@]*@/i.test(url)) {
    throw invalid('a repository’s address holds a password', 'Take it out; ssh has keys for that.')
  }
  return url
}

function checkRef(doing: string, ref: unknown): void {
  const bad =
    typeof ref !== 'string' ||
    ref === '' ||
    ref === '@' ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    /^[-/.]|\.\.|[\x00-\x20\x7f~^:?*[\\]|@\{|\/\/|[/.]$|\.lock$/.test(ref)
  if (bad) throw invalid(`${doing}: ${JSON.stringify(ref)} cannot be the name of a branch or a tag`)
}

function checkedFolder(doing: string, folder: unknown): string {
  if (typeof folder !== 'string') throw invalid(`${doing}: its folder is no text`)
  const parts = folder.replace(/\/+$/, '').split('/')
  const bad = parts.some(
    (part) =>
      part === '' ||
      part === '.' ||
      part === '..' ||
      part.startsWith('-') ||
      part.toLowerCase() === '.git' ||
      part.includes('\0') ||
      part.includes('\n'),
  )
  if (bad)
    throw invalid(
      `${doing}: the folder ${JSON.stringify(folder)} is not one below the workspace`,
      'Give a relative path without "..", such as "app" or "libs/core".',
    )
  return parts.join('/')
}

/** As git itself would name it. */
function nameOf(url: string): string {
  const name = url
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(/\/?\.git$/, '')
    .split(/[/:]/)
    .at(-1)
  return name === undefined || name === '' ? 'repository' : name
}

const names = z.array(z.string().min(1))
const variables = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
const Agent = z.object({
  model: z.string().min(1).optional(),
  effort: z.string().min(1).optional(),
  permissionMode: PermissionMode.optional(),
  tools: z.strictObject({ allow: names.optional(), deny: names.optional() }).optional(),
  mcpServers: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), McpServer).optional(),
  instructions: z.string().optional(),
  maxTurns: z.number().int().positive().optional(),
  budget: z.number().positive().optional(),
  env: variables.optional(),
  secrets: variables.optional(),
})
const LONGEST_MS = 2_147_483_647
const milliseconds = z.number().positive().max(LONGEST_MS)
const Turn = z.object({
  signal: z.custom((value) => value instanceof AbortSignal, 'is no AbortSignal').optional(),
  timeout: milliseconds.optional(),
  idleTimeout: milliseconds.optional(),
  onAsk: z.custom((value) => typeof value === 'function', 'is no function').optional(),
  artifacts: z
    .array(z.union([z.enum(['changes', 'patch', 'bundle']), z.strictObject({ path: z.string().min(1) })]))
    .optional(),
})

export function checkAgent(options: AgentOptions): void {
  check(Agent, options)
  refuseCredentials(options.env?.ANTHROPIC_BASE_URL)
}

export function checkTurn(options: TurnOptions): void {
  check(Turn, options)
  for (const artifact of options.artifacts ?? [])
    if (typeof artifact !== 'string') checkedFolder('an artifact', artifact.path)
}

function check(schema: z.ZodType, options: object): void {
  const checked = schema.safeParse(options)
  if (checked.success) return
  const issue = checked.error.issues[0]
  throw invalid(`the option ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is wrong'}`)
}
