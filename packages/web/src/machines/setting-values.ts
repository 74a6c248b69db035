import type { MachineSetting } from '@skein/protocol'

/** What stands in a form's fields: text, or whether a switch is on. A flag that nobody decided is an empty text. */
export type FieldValues = Readonly<Record<string, string | boolean>>

/** A form's fields as they are at first: what the machine has, else what is usual. A list has an entry a line. */
export function fieldValues(settings: readonly MachineSetting[], known: Record<string, unknown> = {}): FieldValues {
  return Object.fromEntries(
    settings.map(({ name, type, default: usual }) => {
      const value = known[name] ?? usual
      if (type === 'flag')
        return [name, usual === undefined ? (value === undefined ? '' : String(value)) : value === true]
      if (Array.isArray(value)) return [name, value.join('\n')]
      return [name, value === undefined || value === null ? '' : String(value)]
    }),
  )
}

/** What the fields mean, for `machines.add`; what was left empty is left to the provider. */
export function settingsOf(settings: readonly MachineSetting[], fields: FieldValues): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  for (const { name, type } of settings) {
    const field = fields[name]
    if (typeof field === 'boolean') given[name] = field
    else if (typeof field !== 'string' || field.trim() === '') continue
    else if (type === 'flag') given[name] = field === 'true'
    else if (type === 'number') given[name] = Number(field)
    else if (type === 'list') given[name] = linesOf(field)
    else given[name] = field.trim()
  }
  return given
}

/** What is wrong with a field, in a few words; undefined: nothing. */
export function fieldProblem(
  { type, required }: MachineSetting,
  field: string | boolean | undefined,
): string | undefined {
  if (typeof field !== 'string') return undefined
  if (field.trim() === '') return required ? 'This is needed.' : undefined
  if (type === 'number' && !Number.isFinite(Number(field))) return 'This is to be a number.'
  return undefined
}

/** What is wrong with a name for `--on`; undefined: nothing. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Give it a name.'
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]*$/.test(name)) return 'Letters, digits, and - _ . @ make a name.'
  return undefined
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
