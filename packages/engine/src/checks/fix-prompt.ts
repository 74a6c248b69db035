import type { CheckRunTable } from '../store/schema-work.ts'

const LARGEST_BYTES = 16 * 1024
const ESCAPE = '\x1b'
// CSI, OSC, and the short ones.
const ANSI = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\x07${ESCAPE}]*(?:\\x07|${ESCAPE}\\\\)|[ -/]*[0-~])`,
  'g',
)
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** What the agent is told of a failed check. */
export function fixPrompt(run: CheckRunTable, command: string, output: string): string {
  const { text, cut } = tail(plain(output))
  const how = run.note ?? `exit code ${run.exit_code}`
  return [
    `The check "${run.name}" failed (${how}). Its command, run in this workspace:`,
    fenced(command, 'sh'),
    text === '' ? 'It printed nothing.' : cut ? 'The end of its output:' : 'Its output:',
    ...(text === '' ? [] : [fenced(text, 'text')]),
    'Find the cause and mend it, without weakening the check. It is run again when you are done.',
  ].join('\n\n')
}

/** A fence that no run of backticks in the text can end. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}

/** Text as a terminal would leave it, near enough: no escapes, and of a line that was written over only the last. */
export function plain(output: string): string {
  return output
    .replace(ANSI, '')
    .replaceAll('\r\n', '\n')
    .replace(/^.*\r(?!$)/gm, '')
    .replace(CONTROLS, '')
    .trimEnd()
}

function tail(text: string): { text: string; cut: boolean } {
  const bytes = Buffer.from(text)
  if (bytes.length <= LARGEST_BYTES) return { text, cut: false }
  const end = bytes
    .subarray(bytes.length - LARGEST_BYTES)
    .toString('utf8')
    .replace(/^\uFFFD+/, '')
  const line = end.indexOf('\n')
  return { text: line === -1 || line > LARGEST_BYTES / 2 ? end : end.slice(line + 1), cut: true }
}
