import { readFile } from 'node:fs/promises'
import { type Ask, type AskAnswer, type PermissionMode, SkeinError } from '@skein/protocol'

export interface AnswerFlags {
  allow?: boolean
  option?: number
  always?: boolean
  deny?: boolean
  comment?: string
  choose?: string[]
  text?: string
  approve?: boolean
  edit?: string
  mode?: PermissionMode
  changes?: string
}

/** The answer that the options of `skein answer` mean, checked against what the ask offers. */
export async function answerFromFlags(ask: Ask, flags: AnswerFlags): Promise<AskAnswer> {
  const given = (['allow', 'deny', 'choose', 'text', 'approve', 'changes'] as const).filter(
    (name) => flags[name] !== undefined,
  )
  const [answer] = given
  if (answer === undefined || (given.length > 1 && !(given.length === 2 && flags.choose && flags.text !== undefined))) {
    throw wrong(ask, answer === undefined ? 'no answer is given' : `--${given.join(' and --')} do not go together`)
  }
  if (!FITTING[ask.kind].includes(answer)) throw wrong(ask, `--${answer} does not answer a ${ask.kind}`)
  switch (answer) {
    case 'allow':
      return { type: 'allow', ...allowOption(ask, flags) }
    case 'deny':
      return { type: 'deny', ...(flags.comment ? { feedback: flags.comment } : {}) }
    case 'choose':
    case 'text':
      return { type: 'answers', answers: answersOf(ask, flags) }
    case 'approve': {
      const plan =
        flags.edit === undefined
          ? undefined
          : await readFile(flags.edit, 'utf8').catch((error: unknown) => {
              throw SkeinError.from(error, `cannot read the plan from ${flags.edit}`)
            })
      return {
        type: 'approve_plan',
        ...(plan === undefined ? {} : { plan }),
        ...(flags.mode === undefined ? {} : { nextMode: flags.mode }),
      }
    }
    case 'changes':
      if (!flags.changes?.trim()) throw wrong(ask, '--changes needs a text')
      return { type: 'request_changes', feedback: flags.changes }
  }
}

const FITTING: Record<Ask['kind'], readonly string[]> = {
  permission: ['allow', 'deny'],
  question: ['choose', 'text', 'deny'],
  plan: ['approve', 'changes'],
}

/** How an ask of this kind can be answered on the command line. */
export function howToAnswer(ask: Ask): string[] {
  const answer = `skein answer ${ask.id}`
  switch (ask.kind) {
    case 'permission':
      return [`${answer} --allow`, `${answer} --deny --comment "…"`]
    case 'question':
      return [`${answer} --choose "${ask.questions?.[0]?.options[0]?.label ?? '…'}"`, `${answer} --text "…"`]
    case 'plan':
      return [`${answer} --approve`, `${answer} --changes "…"`]
  }
}

function allowOption(ask: Ask, flags: AnswerFlags): { optionId?: string } {
  const allowing = ask.options.filter(({ kind }) => kind === 'allow_once' || kind === 'allow_always')
  if (flags.option !== undefined) {
    const option = allowing[flags.option - 1]
    if (!option) throw wrong(ask, `there is no option ${flags.option}, only ${allowing.length}`)
    return { optionId: option.optionId }
  }
  if (flags.always) {
    const option = allowing.find(({ kind }) => kind === 'allow_always')
    if (!option) throw wrong(ask, 'it cannot be allowed for always')
    return { optionId: option.optionId }
  }
  const once = allowing.find(({ kind }) => kind === 'allow_once')
  return once ? { optionId: once.optionId } : {}
}

/**
 * One question takes all labels. Several questions take one `--choose` each, in order; labels of one question are joined by
 * a comma.
 */
function answersOf(ask: Ask, flags: AnswerFlags): Record<string, string> {
  const questions = ask.questions ?? [{ question: ask.title, options: [], multiSelect: false }]
  const [only] = questions
  if (questions.length === 1 && only) {
    const labels = (flags.choose ?? []).map((label) => matching(ask, only, label))
    if (labels.length > 1 && !only.multiSelect) throw wrong(ask, 'only one of the options can be chosen')
    return { [only.question]: [...labels, ...(flags.text === undefined ? [] : [flags.text])].join(', ') }
  }
  const given = flags.choose ?? []
  if (given.length !== questions.length || flags.text !== undefined) {
    throw wrong(ask, `there are ${questions.length} questions: give --choose once for each, in order`)
  }
  return Object.fromEntries(
    questions.map((question, index) => {
      const labels = (given[index] ?? '').split(',').map((label) => label.trim())
      const known = labels.every((label) => question.options.some((option) => same(option.label, label)))
      return [
        question.question,
        known ? labels.map((label) => matching(ask, question, label)).join(', ') : (given[index] ?? ''),
      ]
    }),
  )
}

function matching(ask: Ask, question: NonNullable<Ask['questions']>[number], label: string): string {
  const option = question.options.find((offered) => same(offered.label, label))
  if (option) return option.label
  const labels = question.options.map((offered) => `“${offered.label}”`).join(', ')
  throw wrong(ask, `“${label}” is not offered; there is ${labels}. For an answer of your own use --text`)
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function wrong(ask: Ask, what: string): SkeinError {
  return new SkeinError('invalid', `cannot answer “${ask.title}”: ${what}`, {
    next: `For example: ${howToAnswer(ask).join('  or  ')}`,
  })
}
