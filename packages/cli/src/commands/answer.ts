import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type Ask, type SkeinApi, SkeinError } from '@skein/protocol'
import { type AnswerFlags, answerFromFlags } from '../asks/answer-flags.ts'
import { answerer, answerInWords, howItEnded } from '../asks/answered.ts'
import { askRows } from '../asks/ask-rows.ts'
import { answerAtTerminal } from '../asks/terminal-answer.ts'
import { type CommandContext, type CommandResult, print, remark } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { canAsk } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'

export interface AnswerOptions extends AnswerFlags {
  json?: boolean
}

/** `skein answer`: answers an ask; the first answer counts, a later one is told which did. */
export async function answer(id: string, options: AnswerOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const ask = await findAsk(api, id)
  if (ask.state === 'cancelled' || ask.state === 'expired') {
    throw new SkeinError('conflict', `“${ask.title}” no longer waits for an answer. ${howItEnded(ask)}`)
  }
  const given = await answerTo(ask, options, context)
  if (given === undefined) return ExitCode.interrupted
  const { counted, ask: now } = await api.call('asks.answer', {
    key: randomUUID(),
    askId: ask.id,
    inputHash: ask.inputHash,
    answer: given,
    by: answerer(),
  })
  if (options.json) writeJson(terminal.stdout, { type: 'answer', counted, ask: now })
  else if (counted) {
    print(terminal, [
      row(span('✓ ', 'good'), `${cleanLine(now.title)}: `, span(cleanLine(answerInWords(now)), 'strong')),
    ])
  } else {
    remark(terminal, [row(span('! ', 'warn'), 'Another answer counted before this one. ', cleanLine(howItEnded(now)))])
  }
  // Two who say the same have both got what they wanted.
  return counted || isDeepStrictEqual(now.answer, given) ? ExitCode.ok : ExitCode.failed
}

async function answerTo(ask: Ask, options: AnswerOptions, { terminal }: CommandContext) {
  const given = (['allow', 'deny', 'choose', 'text', 'approve', 'changes'] as const).some(
    (name) => options[name] !== undefined,
  )
  if (given || ask.state !== 'open' || !canAsk(options, terminal)) return answerFromFlags(ask, options)
  print(terminal, askRows(ask, terminal.columns()))
  return answerAtTerminal(ask, new AbortController().signal)
}

/** By its id, a unique beginning of it, or the workspace that has no other open ask. */
async function findAsk(api: SkeinApi, id: string): Promise<Ask> {
  const open = await api.call('asks.list', {})
  const byWorkspace = open.filter((ask) => ask.workspaceName === id || ask.workspaceId === id)
  if (byWorkspace.length > 0) return only(byWorkspace, id)
  const byId = open.filter((ask) => ask.id.startsWith(id))
  if (byId.length > 0) return only(byId, id)
  // Perhaps somebody was faster.
  const past = await api.call('asks.list', { all: true })
  const ofWorkspace = past.filter((ask) => ask.workspaceName === id || ask.workspaceId === id)
  const latest = ofWorkspace.toSorted((a, b) => a.createdAt - b.createdAt).at(-1)
  if (latest) return latest
  const pastById = past.filter((ask) => ask.id.startsWith(id))
  if (pastById.length > 0) return only(pastById, id)
  throw new SkeinError('not_found', `there is no ask ${id}, and no workspace of that name that waits for you`, {
    next: 'See what waits with: skein asks',
  })
}

function only(found: readonly Ask[], id: string): Ask {
  const [ask] = found
  const exact = found.find((one) => one.id === id)
  if (ask === undefined || (found.length > 1 && !exact)) {
    throw new SkeinError(
      'invalid',
      `${id} may mean any of ${found.length} asks: ${found.map((one) => one.id).join(', ')}`,
      {
        next: 'See them with: skein asks',
      },
    )
  }
  return exact ?? ask
}
