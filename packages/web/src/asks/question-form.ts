import type { Ask, Question } from '@skein/protocol'

/** What is chosen and written for one question. */
export interface Choice {
  labels: readonly string[]
  /** The person's own words; counts where `own` is on. */
  text: string
  own: boolean
}

export const NO_CHOICE: Choice = { labels: [], text: '', own: false }

/** Chooses an option, or takes it back where several may be chosen. */
export function choose(choice: Choice, question: Question, label: string): Choice {
  if (!question.multiSelect) return { ...choice, labels: [label], own: false }
  const labels = choice.labels.includes(label)
    ? choice.labels.filter((other) => other !== label)
    : [...choice.labels, label]
  return { ...choice, labels }
}

/** Chooses the person's own words; beside the options where several may be chosen, else in their place. */
export function chooseOwn(choice: Choice, question: Question, own: boolean): Choice {
  return question.multiSelect ? { ...choice, own } : { ...choice, own, labels: own ? [] : choice.labels }
}

/** The answer to a question; undefined while nothing is chosen. */
export function answerText(choice: Choice, question: Question): string | undefined {
  const known = question.options.map(({ label }) => label)
  const chosen = known.filter((label) => choice.labels.includes(label))
  const text = choice.text.trim()
  if (choice.own && text === '') return undefined
  const all = choice.own ? [...chosen, text] : chosen
  return all.length === 0 ? undefined : all.join(', ')
}

/** All answers by question, or the first question that has none. */
export function answersOf(
  questions: readonly Question[],
  choices: ReadonlyMap<string, Choice>,
): { answers: Record<string, string> } | { missing: string } {
  const answers: Record<string, string> = {}
  for (const question of questions) {
    const answer = answerText(choices.get(question.question) ?? NO_CHOICE, question)
    if (answer === undefined) return { missing: question.question }
    answers[question.question] = answer
  }
  return { answers }
}

/** A field of a form that an MCP server asks to have filled in. */
export interface FormField {
  name: string
  title: string
  description?: string
  required: boolean
  type: 'text' | 'number' | 'boolean'
  options?: readonly string[]
}

/** The fields of an ask that is a form; none where it is a page to look at. */
export function fieldsOf(ask: Ask): readonly FormField[] {
  const schema = record(record(ask.input).requested_schema)
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(record(schema.properties)).map(([name, value]) => {
    const property = record(value)
    const { type, title, description } = property
    const options = Array.isArray(property.enum) ? property.enum.map(String) : undefined
    return {
      name,
      title: typeof title === 'string' ? title : name,
      required: required.includes(name),
      type: type === 'boolean' ? 'boolean' : type === 'number' || type === 'integer' ? 'number' : 'text',
      ...(typeof description === 'string' ? { description } : {}),
      ...(options ? { options } : {}),
    }
  })
}

/** The page that an MCP server asks to have looked at: only the web, never a script. */
export function pageOf(ask: Ask): string | undefined {
  const { url } = record(ask.input)
  return typeof url === 'string' && /^https?:\/\//i.test(url) ? url : undefined
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
