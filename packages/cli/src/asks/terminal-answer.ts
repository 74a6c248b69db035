import { isCancel, multiselect, select, text } from '@clack/prompts'
import type { Ask, AskAnswer, PermissionMode } from '@skein/protocol'
import { cleanLine } from '../render/clean.ts'
import { commentsOf, editText, quote } from './editor.ts'

const OTHER = Symbol('other')

/**
 * Asks the person at the terminal. undefined: they gave no answer (Ctrl-C), or the signal was aborted because the ask was
 * answered elsewhere.
 */
export async function answerAtTerminal(ask: Ask, signal: AbortSignal): Promise<AskAnswer | undefined> {
  switch (ask.kind) {
    case 'permission':
      return answerPermission(ask, signal)
    case 'question':
      return answerQuestions(ask, signal)
    case 'plan':
      return answerPlan(ask, signal)
  }
}

async function answerPermission(ask: Ask, signal: AbortSignal): Promise<AskAnswer | undefined> {
  const offered = ask.options.filter(({ kind }) => kind === 'allow_once' || kind === 'allow_always')
  const allow = offered.length > 0 ? offered : [{ optionId: undefined, name: 'Allow', kind: 'allow_once' as const }]
  const choice = await choose<number | 'deny' | 'comment'>(
    'May it do this?',
    [
      ...allow.map(({ name }, index) => ({ value: index, label: cleanLine(name) })),
      { value: 'deny', label: 'No' },
      { value: 'comment', label: 'No, and say why' },
    ],
    signal,
    ask.defaultToNo ? 'deny' : 0,
  )
  if (choice === undefined) return undefined
  if (choice === 'deny') return { type: 'deny' }
  if (choice === 'comment') {
    const feedback = await write('What should it do instead?', signal)
    return feedback === undefined ? undefined : { type: 'deny', ...(feedback === '' ? {} : { feedback }) }
  }
  const optionId = allow[choice]?.optionId
  return { type: 'allow', ...(optionId === undefined ? {} : { optionId }) }
}

async function answerQuestions(ask: Ask, signal: AbortSignal): Promise<AskAnswer | undefined> {
  const questions = ask.questions ?? [{ question: ask.title, options: [], multiSelect: false }]
  const answers: Record<string, string> = {}
  for (const question of questions) {
    const answer = await answerQuestion(question, signal)
    if (answer === undefined) return undefined
    answers[question.question] = answer
  }
  return { type: 'answers', answers }
}

type Question = NonNullable<Ask['questions']>[number]

async function answerQuestion(
  { question, options, multiSelect }: Question,
  signal: AbortSignal,
): Promise<string | undefined> {
  const message = cleanLine(question)
  if (options.length === 0) return write(message, signal)
  const offered: Choice<string | typeof OTHER>[] = [
    ...options.map(({ label, description }) => ({
      value: label,
      label: cleanLine(label),
      ...(description ? { hint: cleanLine(description) } : {}),
    })),
    { value: OTHER, label: 'Something else…' },
  ]
  const chosen = multiSelect ? await chooseSeveral(message, offered, signal) : await chooseOne(message, offered, signal)
  if (chosen === undefined) return undefined
  const labels = chosen.filter((value) => typeof value === 'string')
  if (labels.length === chosen.length) return labels.join(', ')
  const own = await write(message, signal)
  return own === undefined ? undefined : [...labels, own].join(', ')
}

async function answerPlan(ask: Ask, signal: AbortSignal): Promise<AskAnswer | undefined> {
  const plan = ask.plan?.markdown ?? ''
  const choice = await choose(
    'What about this plan?',
    [
      { value: 'approve', label: 'Approve' },
      { value: 'mode', label: 'Approve, and choose how much it may do unasked' },
      { value: 'edit', label: 'Edit it, then approve', hint: 'in your editor' },
      { value: 'changes', label: 'Request changes' },
      { value: 'comments', label: 'Comment on its lines', hint: 'in your editor' },
    ],
    signal,
  )
  switch (choice) {
    case 'approve':
      return { type: 'approve_plan' }
    case 'mode': {
      const nextMode = await choose<PermissionMode>('How much may it do unasked?', MODES, signal)
      return nextMode === undefined ? undefined : { type: 'approve_plan', nextMode }
    }
    case 'edit': {
      const edited = await editText(plan, 'plan.md', signal)
      return { type: 'approve_plan', ...(edited.trim() === plan.trim() ? {} : { plan: edited }) }
    }
    case 'changes': {
      const feedback = await write('What should change?', signal, { required: true })
      return feedback === undefined ? undefined : { type: 'request_changes', feedback }
    }
    case 'comments': {
      const feedback = commentsOf(await editText(`${quote(plan)}\n`, 'comments.md', signal))
      return feedback === '' ? answerPlan(ask, signal) : { type: 'request_changes', feedback }
    }
    default:
      return undefined
  }
}

const MODES: { value: PermissionMode; label: string; hint: string }[] = [
  { value: 'sandboxed', label: 'Sandboxed', hint: 'edits here, commands in the sandbox' },
  { value: 'accept_edits', label: 'Edits', hint: 'commands are asked' },
  { value: 'ask', label: 'Nothing', hint: 'everything is asked' },
]

interface Choice<T> {
  value: T
  label: string
  hint?: string
}

/** One of several; undefined when the person left. */
export async function choose<T>(
  message: string,
  options: Choice<T>[],
  signal: AbortSignal,
  initial?: T,
): Promise<T | undefined> {
  // Values of ours stay ours: the prompt picks by index.
  const start = options.findIndex(({ value }) => value === initial)
  const index = await select<number>({
    message,
    options: options.map(({ label, hint }, value) => ({ value, label, ...(hint ? { hint } : {}) })),
    initialValue: Math.max(0, start),
    showInstructions: false,
    signal,
  })
  return isCancel(index) || signal.aborted ? undefined : options[index]?.value
}

async function chooseOne<T>(message: string, options: Choice<T>[], signal: AbortSignal): Promise<T[] | undefined> {
  const chosen = await choose(message, options, signal)
  return chosen === undefined ? undefined : [chosen]
}

async function chooseSeveral<T>(message: string, options: Choice<T>[], signal: AbortSignal): Promise<T[] | undefined> {
  const chosen = await multiselect<number>({
    message,
    options: options.map(({ label, hint }, value) => ({ value, label, ...(hint ? { hint } : {}) })),
    required: true,
    signal,
  })
  if (isCancel(chosen) || signal.aborted) return undefined
  return chosen.flatMap((index) => options.slice(index, index + 1).map(({ value }) => value))
}

/** A line of text; undefined when the person left. */
export async function write(
  message: string,
  signal: AbortSignal,
  { required = false, placeholder = '' } = {},
): Promise<string | undefined> {
  const written = await text({
    message,
    signal,
    ...(placeholder ? { placeholder } : {}),
    validate: (value) => (required && !value?.trim() ? 'Write something, or leave with Ctrl-C.' : undefined),
  })
  return isCancel(written) || signal.aborted ? undefined : (written ?? '')
}

/** Yes or no; undefined when the person left. */
export async function agree(
  message: string,
  options: { yes: string; no: string; initial: boolean },
): Promise<boolean | undefined> {
  return choose(
    message,
    [
      { value: true, label: options.yes },
      { value: false, label: options.no },
    ],
    new AbortController().signal,
    options.initial,
  )
}
