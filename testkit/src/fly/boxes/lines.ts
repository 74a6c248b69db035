import type { Readable } from 'node:stream'

/** Calls for each whole line, and at the end for what is left; resolves when there is no more. */
export async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = ''
  stream.setEncoding('utf8')
  try {
    for await (const text of stream) {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) onLine(line.replace(/\r$/, ''))
    }
  } catch {
    // Its process was killed: what it had written before has come.
  }
  if (rest !== '') onLine(rest)
}
