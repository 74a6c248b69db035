import type { Writable } from 'node:stream'
import { CANCEL_SYMBOL, multiselect, select, text } from '@clack/prompts'
import type { Ask, AskAnswer, PermissionMode } from '@skein/protocol'
import { cleanLine } from '../render/clean.ts'
import { commentsOf, editText, quote } from './editor.ts'
import { PromptFrame } from './prompt-frame.ts'

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
  const start = options.findIndex(({ value }) => value === initial)
  const index = await prompted(signal, (own) =>
    select<number>({
      message,
      options: options.map(numbered),
      initialValue: Math.max(0, start),
      showInstructions: false,
      ...own,
    }),
  )
  return index === undefined ? undefined : options[index]?.value
}

async function chooseOne<T>(message: string, options: Choice<T>[], signal: AbortSignal): Promise<T[] | undefined> {
  const chosen = await choose(message, options, signal)
  return chosen === undefined ? undefined : [chosen]
}

async function chooseSeveral<T>(message: string, options: Choice<T>[], signal: AbortSignal): Promise<T[] | undefined> {
  const chosen = await prompted(signal, (own) =>
    multiselect<number>({ message, options: options.map(numbered), required: true, ...own }),
  )
  return chosen?.flatMap((index) => options.slice(index, index + 1).map(({ value }) => value))
}

/** The prompts know values that are numbers; ours stay ours. */
function numbered<T>({ label, hint }: Choice<T>, value: number): { value: number; label: string; hint?: string } {
  return { value, label, ...(hint ? { hint } : {}) }
}

/** A line of text; undefined when the person left. */
export async function write(
  message: string,
  signal: AbortSignal,
  { required = false, placeholder = '' } = {},
): Promise<string | undefined> {
  return prompted(signal, async (own) => {
    const written = await text({
      message,
      ...own,
      ...(placeholder ? { placeholder } : {}),
      validate: (value) => (required && !value?.trim() ? 'Write something, or leave with Ctrl-C.' : undefined),
    })
    return written
  })
}

/** Yes or no; undefined when the person left. */
export async function agree(
  message: string,
  options: { yes: string; no: string; initial: boolean },
): Promise<boolean | undefined> {
  const choices = [
    { value: true, label: options.yes },
    { value: false, label: options.no },
  ]
  return choose(message, choices, new AbortController().signal, options.initial)
}

/**
 * Shows one prompt; undefined when the person left it or the signal took it away. A prompt never stops to listen to its
 * signal, and would draw again when that is aborted much later: it gets one of its own.
 */
async function prompted<T>(
  signal: AbortSignal,
  show: (own: { signal: AbortSignal; output: Writable }) => Promise<T | typeof CANCEL_SYMBOL>,
): Promise<T | undefined> {
  if (signal.aborted) return undefined
  const own = new AbortController()
  const takeAway = () => own.abort()
  signal.addEventListener('abort', takeAway)
  const frame = new PromptFrame(process.stdout)
  try {
    const answer = await show({ signal: own.signal, output: frame.output })
    if (!signal.aborted) return answer === CANCEL_SYMBOL ? undefined : answer
    frame.erase()
    return undefined
  } finally {
    signal.removeEventListener('abort', takeAway)
  }
}
