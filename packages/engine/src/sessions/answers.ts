import type { AgentCommand, PermissionMode } from '@skein/plugin-api'
import { type AskAnswer, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { uuidFrom } from '../identity.ts'
import { kept } from '../sealed.ts'
import type { AskTable } from '../store/schema.ts'

/** Checks that an answer is one that this ask can have. */
export function checkAnswer(ask: AskTable, answer: AskAnswer): void {
  const fits: Record<AskTable['kind'], AskAnswer['type'][]> = {
    permission: ['allow', 'deny'],
    question: ['answers', 'deny'],
    plan: ['approve_plan', 'request_changes', 'allow', 'deny'],
  }
  if (!fits[ask.kind].includes(answer.type)) {
    throw new SkeinError('invalid', `"${answer.type}" does not answer a ${ask.kind}`, {
      next: `Answer with one of: ${fits[ask.kind].join(', ')}.`,
    })
  }
  const options = JSON.parse(ask.options) as { optionId: string; name: string }[]
  if (
    answer.type === 'allow' &&
    answer.optionId !== undefined &&
    !options.some(({ optionId }) => optionId === answer.optionId)
  ) {
    throw new SkeinError('invalid', `there is no option "${answer.optionId}"`, {
      next: `Choose one of: ${options.map(({ optionId, name }) => `${optionId} (${name})`).join(', ')}.`,
    })
  }
  if (answer.type === 'answers') {
    const questions = (JSON.parse(ask.questions ?? '[]') as { question: string }[]).map(({ question }) => question)
    const unknown = Object.keys(answer.answers).find((key) => questions.length > 0 && !questions.includes(key))
    if (unknown !== undefined)
      throw new SkeinError('invalid', `"${unknown}" was not asked`, {
        next: `The questions are: ${questions.join(' | ')}`,
      })
  }
}

/** The recorded answer of an ask as a command for its agent, and the mode that it puts the session in. */
export async function answerFor(
  context: EngineContext,
  askId: string,
): Promise<{ command: AgentCommand; mode?: PermissionMode }> {
  const ask = await context.db.selectFrom('asks').selectAll().where('id', '=', askId).executeTakeFirstOrThrow()
  const answer = kept<AskAnswer>(context, ask.answer ?? 'null', `answer:${ask.id}`)
  // What is approved is what was asked, not its redacted picture.
  const input: unknown = JSON.parse(
    ask.input_sealed === null ? ask.input : context.vault.open(ask.input_sealed, `ask:${ask.id}`),
  )
  const common = { id: uuidFrom(ask.id, 'answer'), requestId: ask.request_id, input }
  const options = JSON.parse(ask.options) as { optionId: string; kind: string; suggestion?: unknown }[]
  switch (answer.type) {
    case 'answers':
      return {
        command: { type: 'answer_questions', ...common, answer: { outcome: 'answered', answers: answer.answers } },
      }
    case 'allow':
      return {
        command: {
          type: 'answer_permission',
          ...common,
          options,
          answer: { outcome: 'allow', optionId: answer.optionId, updatedInput: answer.updatedInput },
        },
      }
    case 'approve_plan': {
      const command: AgentCommand = {
        type: 'answer_permission',
        ...common,
        options,
        answer: { outcome: 'allow', plan: answer.plan, nextMode: answer.nextMode ?? 'sandboxed' },
      }
      return { command, mode: answer.nextMode ?? 'sandboxed' }
    }
    case 'request_changes':
      return {
        command: {
          type: 'answer_permission',
          ...common,
          options,
          answer: { outcome: 'deny', feedback: answer.feedback },
        },
      }
    case 'deny':
      return ask.kind === 'question'
        ? {
            command: {
              type: 'answer_questions',
              ...common,
              answer: { outcome: 'declined', feedback: answer.feedback },
            },
          }
        : {
            command: {
              type: 'answer_permission',
              ...common,
              options,
              answer: { outcome: 'deny', feedback: answer.feedback, interrupt: answer.interrupt },
            },
          }
  }
}
