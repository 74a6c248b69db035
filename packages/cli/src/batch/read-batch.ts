import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { SkeinError } from '@skein/protocol'
import type { BatchRequest } from 'skein'
import type { CommandContext } from '../context.ts'
import { agentEnvironment } from '../environment.ts'
import { skeinHome } from '../home.ts'
import { type BatchFormat, type BatchRow, type BatchSettings, parseBatchFile } from './batch-file.ts'
import { wrongAt } from './located.ts'

export interface ReadBatchOptions {
  format?: BatchFormat
  prompt?: string
  repo?: string
  on?: string
  model?: string
  record?: string
  env?: string[]
  asks?: 'deny' | 'wait'
}

export interface RepositoryPlace {
  url: string
  branch?: string
  commit?: string
}

/** A batch as its file describes it. */
export interface FileBatch {
  /** What the file is called in messages. */
  file: string
  rows: BatchRow[]
  requests: BatchRequest[]
  /** Where each works: a folder or a URL, and what it begins from. */
  places: RepositoryPlace[]
  settings: BatchSettings
  /** Where what was done is written down. */
  record: string
}

/** Reads a batch file, or stdin for `-`, and checks it; nothing is begun. */
export async function readBatch(
  name: string,
  options: ReadBatchOptions,
  { env, cwd, terminal }: Pick<CommandContext, 'env' | 'cwd' | 'terminal'>,
): Promise<FileBatch> {
  const path = name === '-' ? undefined : resolve(cwd, name)
  const text = path === undefined ? await readAll(terminal.stdin) : await readText(path)
  const file = path === undefined ? 'stdin' : name
  const folder = path === undefined ? cwd : dirname(path)
  const { format, prompt, repo, on, model } = options
  const { rows, settings } = parseBatchFile(text, {
    file,
    format,
    // What stands on the command line is meant from the folder that it was written in.
    defaults: { prompt, repo: repo === undefined ? undefined : located(repo, cwd), on, model },
    readPrompt: (prompted) => readFileSync(resolve(folder, prompted), 'utf8'),
  })
  const base = agentEnvironment(env, options.env)
  const places = rows.map((row) => placeOf(row, folder, cwd))
  const requests = rows.map((row, index) => {
    const place = places[index] ?? { url: cwd }
    const request = { ...requestOf(row, base), repositories: place, tag: row.tag ?? row.name ?? labelled(row, place) }
    // Whoever answers does so in the app, or with `skein answer`.
    return options.asks === 'wait' ? { ...request, onAsk: () => new Promise<never>(() => {}) } : request
  })
  refuseTwins(rows, file)
  return { file, rows, requests, places, settings, record: recordOf(path, text, options.record, env, cwd) }
}

function placeOf({ repo, base }: BatchRow, folder: string, cwd: string): RepositoryPlace {
  return { url: repo === undefined ? cwd : located(repo, folder), ...baseOf(base) }
}

/** What people can tell it by. */
function labelled({ prompt }: BatchRow, { url }: RepositoryPlace): string {
  const [first = ''] = prompt.trim().split('\n')
  return `${basename(url).replace(/\.git$/, '')}: ${first.length > 48 ? `${first.slice(0, 47)}…` : first}`
}

/** A commit's whole id, or the name of a branch or a tag. */
function baseOf(base: string | undefined): { commit: string } | { branch: string } | Record<string, never> {
  if (base === undefined) return {}
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(base) ? { commit: base } : { branch: base }
}

function requestOf(row: BatchRow, base: ReturnType<typeof agentEnvironment>): BatchRequest {
  const { id, prompt, name, on, model, effort, permissionMode } = row
  const { allow, deny, maxTurns, maxCost, timeout, instructions, env, schema } = row
  const [kind = '', ...rest] = (on ?? 'local').split(':')
  return {
    prompt,
    on: { kind, name: rest.join(':'), settings: {} },
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(permissionMode === undefined
      ? {}
      : { permissionMode: permissionMode as NonNullable<BatchRequest['permissionMode']> }),
    ...(allow || deny ? { tools: { ...(allow ? { allow } : {}), ...(deny ? { deny } : {}) } } : {}),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(maxCost === undefined ? {} : { budget: maxCost }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(instructions === undefined ? {} : { instructions }),
    ...(schema === undefined ? {} : { outputSchema: schema }),
    env: { ...base.env, ...env },
    secrets: base.secrets,
  }
}

/** Whether a repository is one to be cloned, not a folder. */
export function isRemote(repo: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(repo) || /^[^/\\]+@[^/\\]+:/.test(repo)
}

function located(repo: string, folder: string): string {
  if (isRemote(repo)) return repo
  if (repo === '~' || repo.startsWith('~/')) return join(homedir(), repo.slice(1))
  return resolve(folder, repo)
}

function refuseTwins(rows: readonly BatchRow[], file: string): void {
  for (const key of ['id', 'name'] as const) {
    const seen = new Map<string, BatchRow>()
    for (const row of rows) {
      const value = row[key]
      if (value === undefined) continue
      const before = seen.get(value)
      if (before)
        throw wrongAt(file, row.at, `the ${key} "${value}" is that of the request in line ${before.at.line} too`)
      seen.set(value, row)
    }
  }
}

function recordOf(
  path: string | undefined,
  text: string,
  given: string | undefined,
  env: NodeJS.ProcessEnv,
  cwd: string,
): string {
  if (given !== undefined) return resolve(cwd, given)
  const digest = createHash('sha256')
    .update(path ?? `${cwd}\0${text}`)
    .digest('hex')
    .slice(0, 10)
  const stem = path === undefined ? 'stdin' : basename(path).replace(/\.[^.]*$/, '')
  return join(skeinHome(env), 'batches', `${stem.replace(/[^\w.-]+/g, '-')}-${digest}.jsonl`)
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (error instanceof TypeError) throw new SkeinError('invalid', `${path} is not UTF-8 text`)
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      throw new SkeinError('invalid', `cannot read ${path}: there is no such file`, { cause: error })
    throw SkeinError.from(error, `cannot read ${path}`)
  }
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Buffer))
  return Buffer.concat(chunks).toString('utf8')
}
