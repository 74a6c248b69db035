import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Ask, AskAnswer, SkeinApi } from '@skein/protocol'
import { answerInWords } from '../asks/answered.ts'
import { askRows } from '../asks/ask-rows.ts'
import type { AskHandler } from '../follow/follow.ts'
import { HumanReport } from '../follow/human-report.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'
import type { Terminal } from '../terminal.ts'

/** Answers the demo's asks as a person would who is content: shows each, thinks for a moment, and says yes. */
export function prompter(api: SkeinApi, terminal: Terminal, thinkMs: number): AskHandler {
  return async (ask, report) => {
    const show = report instanceof HumanReport ? report : undefined
    show?.show([[], ...askRows(ask, terminal.columns() - 1)])
    await delay(thinkMs)
    const { ask: now } = await api.call('asks.answer', {
      key: randomUUID(),
      askId: ask.id,
      inputHash: ask.inputHash,
      answer: contentAnswer(ask),
      by: 'the demo',
    })
    show?.show([
      row(span('↳ ', 'accent'), span(`The demo answers for you: ${cleanLine(answerInWords(now))}`, 'accent')),
    ])
  }
}

function contentAnswer(ask: Ask): AskAnswer {
  switch (ask.kind) {
    case 'permission': {
      const once = ask.options.find(({ kind }) => kind === 'allow_once')
      return { type: 'allow', ...(once ? { optionId: once.optionId } : {}) }
    }
    case 'question':
      return {
        type: 'answers',
        answers: Object.fromEntries(
          (ask.questions ?? []).map(({ question, options }) => [question, options[0]?.label ?? 'yes']),
        ),
      }
    case 'plan':
      return { type: 'approve_plan' }
  }
}
