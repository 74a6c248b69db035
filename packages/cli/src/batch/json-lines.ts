import { type Located, locate, wrongAt } from './located.ts'

/** One JSON object a line; blank lines do not count. */
export function parseJsonLines(text: string, file: string): Located[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, index) => {
      if (line.trim() === '') return []
      const at = { line: index + 1, column: 1 }
      try {
        return [locate(JSON.parse(line), at)]
      } catch (error) {
        const column = firstWrong(line) + 1
        throw wrongAt(file, { line: index + 1, column }, `this is not JSON: ${reasonOf(error)}`)
      }
    })
}

/** Where a text stops being the beginning of some JSON; the parser does not always say. */
function firstWrong(text: string): number {
  let [good, bad] = [0, text.length + 1]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (mayGoOn(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function mayGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return true
  } catch (error) {
    const message = String(error)
    const [, position] = /at position (\d+)/.exec(message) ?? []
    return position === undefined ? /Unexpected end/.test(message) : Number(position) >= beginning.length
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/(?: in JSON)? at position .*$/s, '')
}
