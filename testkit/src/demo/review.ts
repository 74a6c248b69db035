import { join } from 'node:path'
import type { ModelRequest } from '../model/request.ts'
import type { DemoEdit } from './edits.ts'

/** A comment on a file's lines, as a review puts it to the agent. */
interface ReviewComment {
  path: string
  quote: string
  body: string
}

/** A place (`src/orbit.js, lines 3–5 (new):`), the lines in a fence, then what was said of them. */
const COMMENT =
  /^(\S.*?), lines? \d+(?:–\d+)? \((?:old|new)\):\n\n(`{3,})\n([\s\S]*?)\n\2\n\n([\s\S]*?)(?=\n\n\S.*?, lines? \d+(?:–\d+)? \((?:old|new)\):\n\n`{3}|$)/gm

/**
 * What the demo's model does with review comments that the last prompt holds: it cannot think, so it writes each remark down where
 * it belongs, as a comment in the code. Nothing when the prompt is no review.
 */
export function reviewEdits(request: ModelRequest): DemoEdit[] {
  return commentsIn(request.lastUserText).map(({ path, quote, body }) => {
    const line = quote.split('\n').find((one) => one.trim() !== '') ?? quote
    const indent = /^\s*/.exec(line)?.[0] ?? ''
    const remark = `${indent}// Review: ${(body.split('\n')[0] ?? '').trim()}`
    return {
      path,
      saying: `Of \`${path}\` you said: “${body.trim()}” I am a script, so I write that down where it belongs.`,
      old_string: line,
      new_string: `${remark}\n${line}`,
      sign: remark.trim(),
    }
  })
}

function commentsIn(text: string): ReviewComment[] {
  return [...text.matchAll(COMMENT)].map(([, path = '', , quote = '', body = '']) => ({ path, quote, body }))
}

/** Those that this turn has not tried yet. */
export function openReviewEdits(request: ModelRequest): DemoEdit[] {
  const tried = request.toolHistory.filter((result) => result.thisTurn && result.name === 'Edit')
  return reviewEdits(request).filter(
    (edit) =>
      !tried.some(
        ({ input }) => input.file_path === join(request.cwd, edit.path) && input.new_string === edit.new_string,
      ),
  )
}
