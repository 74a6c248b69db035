import type { SkeinError } from '@skein/protocol'
import { InvalidArgumentError } from 'commander'
import { parseCount, parseDollars, parseDuration } from '../option-values.ts'
import { type Located, plain, wrongAt } from './located.ts'

/** One of the keys that a request may have. */
export interface RowField {
  /** Its name in `BatchRow`. */
  readonly as: string
  /** The value; throws with its place where it cannot be one. */
  read(value: Located, file: string, name: string): unknown
}

const text = (as: string): RowField => ({
  as,
  read(value, file, name) {
    if (value.kind !== 'scalar' || value.value === null) throw wrongKind(file, value, name, 'a text')
    return value.text
  },
})

/** By the same rules as on the command line. */
const parsed = (as: string, parse: (text: string) => number): RowField => ({
  as,
  read(value, file, name) {
    if (value.kind !== 'scalar') throw wrongKind(file, value, name, 'one value')
    try {
      return parse(value.text)
    } catch (error) {
      if (error instanceof InvalidArgumentError) throw wrongAt(file, value, `${name}: ${error.message}`)
      throw error
    }
  },
})

const list = (as: string): RowField => ({
  as,
  read(value, file, name) {
    if (value.kind === 'scalar' && value.value !== null) return value.text.split(',').map((one) => one.trim())
    if (value.kind !== 'list') throw wrongKind(file, value, name, 'a list')
    return value.items.map((item) => text(as).read(item, file, name) as string)
  },
})

const choice = (as: string, choices: readonly string[]): RowField => ({
  as,
  read(value, file, name) {
    if (value.kind === 'scalar' && choices.includes(value.text)) return value.text
    throw wrongKind(file, value, name, `one of ${choices.join(', ')}`)
  },
})

const texts = (as: string): RowField => ({
  as,
  read(value, file, name) {
    if (value.kind !== 'map') throw wrongKind(file, value, name, 'a block of names and values')
    const entries = [...value.entries].map(([key, entry]) => [key, text(as).read(entry.value, file, key) as string])
    return Object.fromEntries(entries) as Record<string, string>
  },
})

const anything = (as: string): RowField => ({ as, read: (value) => plain(value) })

/** The keys of a request: the names of `skein run`’s options, without the dashes. */
export const fields = {
  id: text('id'),
  tag: text('tag'),
  prompt: text('prompt'),
  /** The prompt from a file. */
  file: text('file'),
  repo: text('repo'),
  base: text('base'),
  name: text('name'),
  on: text('on'),
  model: text('model'),
  effort: text('effort'),
  'permission-mode': choice('permissionMode', ['sandboxed', 'ask', 'accept_edits', 'plan', 'bypass']),
  allow: list('allow'),
  deny: list('deny'),
  'max-turns': parsed('maxTurns', parseCount),
  'max-cost': parsed('maxCost', parseDollars),
  timeout: parsed('timeout', parseDuration),
  instructions: text('instructions'),
  env: texts('env'),
  /** A JSON Schema of the answer. */
  schema: anything('schema'),
  vars: anything('vars'),
} as const satisfies Record<string, RowField>

export function wrongKind(file: string, value: Located, name: string, wanted: string): SkeinError {
  return wrongAt(file, value, `${name} has to be ${wanted}`)
}
