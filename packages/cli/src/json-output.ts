import type { JsonLine } from './json.ts'

/** Writes one line of `--json`. */
export function writeJson(stdout: NodeJS.WritableStream, line: JsonLine): void {
  stdout.write(`${JSON.stringify(line)}\n`)
}
