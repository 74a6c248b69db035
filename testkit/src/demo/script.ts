import { join } from 'node:path'
import { type ModelReply, reply, say, text, thinking, toolUse, useTool } from '../model/reply.ts'
import type { ModelRequest, ToolResult } from '../model/request.ts'
import type { ScriptFunction } from '../model/script.ts'
import { proposePlan } from '../model/scripts.ts'
import type { DemoEdit, Unit } from './edits.ts'
import { demoPlan } from './plan.ts'
import { type DemoProgress, progressOf } from './progress.ts'
import { openReviewEdits, reviewEdits } from './review.ts'

/** How fast the demo's model talks to a person who watches; tests use no delay. Goes into `startModel`'s options. */
export const NATURAL_PACE = { delayMs: 24, charsPerDelta: 5 }

/**
 * The model of the demo, for the project that `makeDemoProject` makes: reads, asks one question, proposes a plan (in plan mode)
 * and takes what the person says of it into the next, edits, runs the tests, sums up; comments on its changes it writes down in the
 * code. Each step follows from what the request
 * shows, so that it goes on from wherever the person, or a restart, has led it.
 */
export const demo: ScriptFunction = (request) => {
  if (request.kind === 'subagent') return say('Nothing to add.')
  const progress = progressOf(request)

  if (progress.unread.length > 0) return readFiles(request, progress.unread)
  if (progress.isElsewhere) return say(NOT_THE_DEMO)
  if (progress.failedEdit !== undefined) return say(stopped(progress.failedEdit))

  const [remark] = openReviewEdits(request)
  if (remark !== undefined) return makeEdit(request, remark)
  const [edit] = progress.openEdits
  if (edit === undefined) return runTests(request, progress)
  if (progress.unit === undefined && request.tools.includes('AskUserQuestion')) return askUnit()
  if (request.planFile !== undefined) {
    const saying = progress.feedback.length === 0 ? PLANNING : REVISING
    return proposePlan(request, demoPlan(progress.unit ?? 'km/s', progress.feedback), saying)
  }
  return makeEdit(request, edit)
}

function readFiles(request: ModelRequest, paths: string[]): ModelReply {
  return reply([
    thinking('The periods are said to be wrong. I should see how they are computed and what the tests expect.'),
    text('I will read the program and its tests first.'),
    ...paths.map((path) => toolUse('Read', { file_path: join(request.cwd, path) })),
  ])
}

function askUnit(): ModelReply {
  const options = [
    { label: 'km/s', description: 'What orbital mechanics uses: the space station moves at 7.66 km/s' },
    { label: 'km/h', description: 'What people compare with cars and planes: 27,581 km/h' },
  ]
  const question = { question: 'In which unit should --speed print?', header: 'Unit', options, multiSelect: false }
  return useTool('AskUserQuestion', { questions: [question] }, { saying: FOUND_THE_BUG })
}

function makeEdit(request: ModelRequest, edit: DemoEdit): ModelReply {
  const { path, saying, old_string, new_string } = edit
  return useTool('Edit', { file_path: join(request.cwd, path), old_string, new_string }, { saying })
}

function runTests(request: ModelRequest, { testRun, hasEdited, unit }: DemoProgress): ModelReply {
  if (testRun === undefined)
    return useTool('Bash', { command: 'node --test', description: 'Run the tests' }, { saying: 'Now the tests.' })
  const failures = /^\W*fail (\d+)/m.exec(testRun.text)?.[1]
  const remarks = reviewEdits(request)
  if (failures === '0' && remarks.length > 0) return say(reviewed(remarks))
  if (failures === '0') return say(hasEdited ? summary(unit ?? 'km/s') : ALREADY_DONE)
  if (failures !== undefined)
    return say(`${failures} tests still fail:\n\n\`\`\`\n${testRun.text.slice(-1500)}\n\`\`\``)
  return say(
    `I could not run the tests, so nothing is proved yet:\n\n${quote(testRun.text)}\n\nRun \`node --test\` in ${request.cwd}.`,
  )
}

function reviewed(remarks: readonly DemoEdit[]): string {
  const lines = remarks.map(({ path, sign }) => `- **\`${path}\`**: \`${sign}\``)
  return `Your review is worked in, and all tests still pass:\n\n${lines.join('\n')}`
}

function stopped(edit: ToolResult): string {
  return `I stopped: the change of \`${edit.input.file_path}\` was not made.\n\n${quote(edit.text)}\n\nTell me how to go on.`
}

function summary(unit: Unit): string {
  return `Done: all four tests pass.

- **\`src/orbit.js\`**: \`period\` now counts from the Earth's centre, so the space station takes 92.8 minutes; \`speed\` is new.
- **\`src/cli.js\`**: \`--speed\` prints the speed in ${unit}.

Try it: \`node src/cli.js 420 --speed\``
}

function quote(words: string): string {
  return `> ${words.trim().replaceAll('\n', '\n> ')}`
}

const FOUND_THE_BUG =
  'I see the bug: `period` uses the altitude where it needs the distance from the Earth’s centre. One thing to settle first:'
const PLANNING = 'Good. Here is what I would do.'
const REVISING = 'Thank you, I have worked that in.'
const ALREADY_DONE = 'The bug is fixed and `--speed` is there already; all tests pass. There is nothing left to do.'
const NOT_THE_DEMO = `I am the scripted model of Skein's demo: I know the project \`orbit\` and nothing else, and I do not find it here.

Start the demo in its own project, or give Skein your Anthropic credentials to work with the real model.`
