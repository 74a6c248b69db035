import { join } from 'node:path'
import type { ModelRequest, ToolResult } from '../model/request.ts'
import { rejectedPlans } from '../model/scripts.ts'
import { type DemoEdit, demoEdits, UNITS, type Unit } from './edits.ts'

/** How far the demo's work has come, as far as the conversation shows it. */
export interface DemoProgress {
  /** Files that have not been looked at since the last prompt. */
  unread: string[]
  /** The agent works in some other project. */
  isElsewhere: boolean
  /** The unit for `--speed`; undefined until the person was asked. A question that was turned down settles for km/s. */
  unit: Unit | undefined
  /** What was said of plans that were sent back in this turn. */
  feedback: string[]
  openEdits: DemoEdit[]
  /** Whether anything was changed since the last prompt. */
  hasEdited: boolean
  /** An edit that was refused, or failed, since the last prompt. */
  failedEdit: ToolResult | undefined
  /** The run of the tests since the last prompt. */
  testRun: ToolResult | undefined
}

const FILES = ['src/orbit.js', 'src/cli.js', 'test/orbit.test.js']

export function progressOf(request: ModelRequest): DemoProgress {
  const thisTurn = request.toolHistory.filter((result) => result.thisTurn)
  const readsOf = (path: string) => thisTurn.filter((result) => result.name === 'Read' && isIn(request, result, path))
  const edits = thisTurn.filter((result) => result.name === 'Edit')
  const question = request.toolHistory.findLast((result) => result.name === 'AskUserQuestion')
  const unit = question === undefined ? undefined : unitIn(question)
  return {
    unread: FILES.filter((path) => readsOf(path).length === 0),
    isElsewhere: FILES.some((path) => readsOf(path).some((result) => result.isError)),
    unit,
    feedback: rejectedPlans(request).map((result) => result.text),
    openEdits: demoEdits(unit ?? 'km/s').filter((edit) => !isMade(request, edit)),
    hasEdited: edits.some((result) => !result.isError),
    failedEdit: edits.findLast((result) => result.isError),
    testRun: thisTurn.findLast((result) => result.name === 'Bash'),
  }
}

/**
 * The last thing known of the file decides: a look at it, or an edit. A look that says only "unchanged since last read" tells
 * nothing new.
 */
function isMade(request: ModelRequest, edit: DemoEdit): boolean {
  let made = false
  for (const result of request.toolHistory) {
    if (result.isError || !isIn(request, result, edit.path)) continue
    if (result.name === 'Edit' && result.input.old_string === edit.old_string) made = true
    if (result.name === 'Read' && !/unchanged since/i.test(result.text)) made = result.text.includes(edit.sign)
  }
  return made
}

/** The answer stands in the result as `"question"="answer"`; free text is searched for a unit that the demo knows. */
function unitIn(question: ToolResult): Unit {
  const answer = question.isError ? '' : question.text.slice(question.text.indexOf('"="')).toLowerCase()
  return UNITS.find((unit) => answer.includes(unit)) ?? 'km/s'
}

function isIn(request: ModelRequest, result: ToolResult, path: string): boolean {
  return result.input.file_path === join(request.cwd, path)
}
