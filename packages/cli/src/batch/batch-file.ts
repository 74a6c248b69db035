import { parseCsv } from './csv.ts'
import { parseJsonLines } from './json-lines.ts'
import { type Located, plain, wrongAt } from './located.ts'
import { fields, type RowField, wrongKind } from './row-fields.ts'
import { fillIn, namesIn } from './template.ts'
import { parseYaml } from './yaml.ts'

/** A row of a batch file, its variables filled in: what the options of `skein run` would be. */
export interface BatchRow {
  id?: string
  tag?: string
  prompt: string
  repo?: string
  base?: string
  name?: string
  on?: string
  model?: string
  effort?: string
  permissionMode?: string
  allow?: string[]
  deny?: string[]
  maxTurns?: number
  maxCost?: number
  timeout?: number
  instructions?: string
  env?: Record<string, string>
  schema?: unknown
  /** For errors that are found later. */
  at: { line: number; column: number }
}

/** What a file says of the batch as a whole. */
export interface BatchSettings {
  concurrency?: number
  budget?: number
  keep?: string
}

export type BatchFormat = 'yaml' | 'csv' | 'jsonl'

export interface BatchFileOptions {
  file: string
  format?: BatchFormat | undefined
  /** For rows that do not say; variables are filled in. */
  defaults: {
    prompt?: string | undefined
    repo?: string | undefined
    on?: string | undefined
    model?: string | undefined
  }
  /** Reads a file that a row's `file` names. */
  readPrompt(path: string): string
}

/** Reads a whole batch file and checks all of it: the first thing that is wrong is told with its line and column. */
export function parseBatchFile(text: string, options: BatchFileOptions): { rows: BatchRow[]; settings: BatchSettings } {
  const { file } = options
  const { rows, defaults, settings } = readDocument(text, options)
  if (rows.length === 0) throw wrongAt(file, { line: 1, column: 1 }, 'there are no requests')
  const used = new Set<string>()
  const read = rows.map((row) => readRow(row, defaults, options, used))
  for (const row of rows) refuseUnused(row, used, file)
  if (defaults) refuseUnused(defaults, used, file)
  return { rows: read, settings }
}

function readDocument(
  text: string,
  { file, format = formatOf(file, text) }: BatchFileOptions,
): { rows: readonly Located[]; defaults?: Located; settings: BatchSettings } {
  if (format === 'csv') return { rows: parseCsv(text, file), settings: {} }
  if (format === 'jsonl') return { rows: parseJsonLines(text, file), settings: {} }
  const document = parseYaml(text, file)
  if (document.kind === 'list') return { rows: document.items, settings: {} }
  if (document.kind !== 'map') throw wrongAt(file, document, 'a list of requests was expected here')
  const settings: BatchSettings = {}
  let rows: readonly Located[] = []
  let defaults: Located | undefined
  for (const [name, { key, value }] of document.entries) {
    if (name === 'requests') {
      if (value.kind !== 'list') throw wrongKind(file, value, 'requests', 'a list')
      rows = value.items
    } else if (name === 'defaults') {
      if (value.kind !== 'map') throw wrongKind(file, value, 'defaults', 'a block of keys')
      defaults = value
    } else if (name === 'concurrency' || name === 'budget') settings[name] = numberAbove0(file, value, name)
    else if (name === 'keep') settings.keep = fields.tag.read(value, file, 'keep') as string
    else throw wrongAt(file, key, `a batch has no "${name}"`, 'It has: defaults, requests, concurrency, budget, keep.')
  }
  return { rows, settings, ...(defaults ? { defaults } : {}) }
}

function formatOf(file: string, text: string): BatchFormat {
  if (/\.csv$/i.test(file)) return 'csv'
  if (/\.(?:jsonl|ndjson)$/i.test(file)) return 'jsonl'
  const [first = '', second = ''] = text.trimStart().split('\n')
  return /^\{.*\}\s*$/.test(first) && (second.trim() === '' || second.startsWith('{')) ? 'jsonl' : 'yaml'
}

function readRow(row: Located, defaults: Located | undefined, options: BatchFileOptions, used: Set<string>): BatchRow {
  const { file } = options
  if (row.kind !== 'map') throw wrongAt(file, row, 'a request is a block of keys and values')
  const entries = new Map([...(defaults?.kind === 'map' ? defaults.entries : []), ...row.entries])
  // Either of them is the prompt.
  if (row.entries.has('file') && !row.entries.has('prompt')) entries.delete('prompt')
  const variables = variablesOf(entries, file)
  const fill = (text: string, at: Located) => {
    for (const name of namesIn(text)) used.add(name)
    return fillIn(text, variables, (what, next) => wrongAt(file, at, what, next))
  }
  const known: Record<string, unknown> = {}
  for (const [name, { value }] of entries) {
    const field = (fields as Record<string, RowField | undefined>)[name]
    if (!field || name === 'prompt' || name === 'file' || name === 'vars') continue
    const said = field.read(value, file, name)
    known[field.as] = typeof said === 'string' ? fill(said, value) : said
  }
  const { prompt, repo, on, model } = options.defaults
  const own = promptOf(entries, options, fill) ?? (prompt === undefined ? undefined : fill(prompt, row))
  if (own === undefined || own.trim() === '')
    throw wrongAt(file, row, 'this request has no prompt', 'Give it one, or one for all with --prompt or in defaults.')
  const fallback = { repo, on, model }
  for (const [name, value] of Object.entries(fallback)) if (value !== undefined) known[name] ??= fill(value, row)
  return { ...known, prompt: own, at: { line: row.line, column: row.column } }
}

type Entries = ReadonlyMap<string, { readonly key: { line: number; column: number }; readonly value: Located }>

function promptOf(
  entries: Entries,
  { file, readPrompt }: BatchFileOptions,
  fill: (text: string, at: Located) => string,
): string | undefined {
  const prompt = entries.get('prompt')
  if (prompt) return fill(String(fields.prompt.read(prompt.value, file, 'prompt')), prompt.value)
  const named = entries.get('file')
  if (!named) return undefined
  const path = fill(String(fields.file.read(named.value, file, 'file')), named.value)
  try {
    return fill(readPrompt(path), named.value)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw wrongAt(file, named.value, `there is no file ${path}`)
    throw error
  }
}

/** By name: what `vars` gives, keys that are no options, and the texts of options. */
function variablesOf(entries: Entries, file: string): Map<string, string> {
  const variables = new Map<string, string>()
  for (const [name, { value }] of entries) {
    if (name === 'vars' || value.kind !== 'scalar' || name === 'prompt') continue
    variables.set(name, value.text)
  }
  const vars = entries.get('vars')?.value
  if (!vars) return variables
  if (vars.kind !== 'map') throw wrongKind(file, vars, 'vars', 'a block of names and values')
  for (const [name, { value }] of vars.entries) {
    if (value.kind !== 'scalar') throw wrongAt(file, value, `the variable "${name}" is not a text or a number`)
    variables.set(name, value.text)
  }
  return variables
}

/** A key that is no option is a variable; one that nothing uses is a slip of the pen. */
function refuseUnused(row: Located, used: ReadonlySet<string>, file: string): void {
  if (row.kind !== 'map') return
  for (const [name, { key }] of row.entries) {
    if (name in fields || used.has(name)) continue
    throw wrongAt(
      file,
      key,
      `"${name}" is neither an option nor used as {{${name}}}`,
      `The options are: ${Object.keys(fields).join(', ')}.`,
    )
  }
}

function numberAbove0(file: string, value: Located, name: string): number {
  const said = Number(plain(value))
  if (!(said > 0) || (name === 'concurrency' && !Number.isInteger(said)))
    throw wrongKind(file, value, name, name === 'concurrency' ? 'a whole number above zero' : 'a number above zero')
  return said
}
