import { describe, expect, it } from 'vitest'
import { decide, MAX_ATTEMPTS, type SessionAction, type SessionFacts } from './decide.ts'

const idle: SessionFacts = {
  workspaceReady: true,
  process: 'running',
  turnOpen: false,
  interruptDue: false,
  sentPrompt: false,
  queuedPrompt: undefined,
  undelivered: undefined,
  overBudget: false,
  problem: false,
}
const queued = { id: 'p1', attempts: 0 }

const table: [string, Partial<SessionFacts>, SessionAction][] = [
  ['does nothing while idle', {}, { do: 'nothing' }],
  [
    'does nothing before the workspace is ready',
    { workspaceReady: false, queuedPrompt: queued, process: 'none' },
    { do: 'nothing' },
  ],
  ['starts the agent for the first prompt', { process: 'none', queuedPrompt: queued }, { do: 'start' }],
  ['starts it again after hibernation', { process: 'exited', queuedPrompt: queued }, { do: 'start' }],
  ['goes on with a start that a crash cut off, prompt or not', { process: 'starting' }, { do: 'start' }],
  ['sends the prompt to the agent that runs', { queuedPrompt: queued }, { do: 'send_prompt', promptId: 'p1' }],
  ['keeps the prompt while a turn is open', { queuedPrompt: queued, turnOpen: true }, { do: 'nothing' }],
  [
    'keeps the second prompt while the first is on its way',
    { queuedPrompt: queued, sentPrompt: true },
    { do: 'nothing' },
  ],
  ['waits for a process that is being stopped', { process: 'stopping', queuedPrompt: queued }, { do: 'nothing' }],
  [
    'delivers an answer before anything else',
    { undelivered: 'a1', turnOpen: true, interruptDue: true, queuedPrompt: queued },
    { do: 'deliver_answer', askId: 'a1' },
  ],
  ['keeps an answer that has no process to go to', { undelivered: 'a1', process: 'exited' }, { do: 'nothing' }],
  ['interrupts the open turn', { turnOpen: true, interruptDue: true, queuedPrompt: queued }, { do: 'interrupt' }],
  ['does not interrupt when no turn is open', { interruptDue: true }, { do: 'nothing' }],
  [
    'refuses a prompt over the cost limit',
    { queuedPrompt: queued, overBudget: true },
    { do: 'refuse_prompt', promptId: 'p1', why: 'budget' },
  ],
  [
    'gives up a prompt that was handed over too often',
    { queuedPrompt: { id: 'p1', attempts: MAX_ATTEMPTS }, process: 'exited' },
    { do: 'refuse_prompt', promptId: 'p1', why: 'attempts' },
  ],
  [
    'refuses what waits while there is a problem that a person must see',
    { process: 'exited', queuedPrompt: queued, problem: true },
    { do: 'refuse_prompt', promptId: 'p1', why: 'problem' },
  ],
]

describe('decide', () => {
  it.each(table)('%s', (_, change, action) => {
    expect(decide({ ...idle, ...change })).toEqual(action)
  })
})
