/** What a `provision` script has said so far: log lines, `FLIGHT_OUTPUT: key=value` lines, and last the workspace's name. */
export class ProvisionOutput {
  /** The last line that is neither empty nor metadata; '' while there was none. */
  name = ''
  /** All keys that were given; the last value of each. */
  readonly values = new Map<string, string>()
  /** The newest lines that might be a name, newest last, for a script that failed before it came to its last line. */
  readonly candidates: string[] = []

  /** Takes one line of stdout. Answers whether people should see it: metadata is not for them. */
  push(line: string): boolean {
    const trimmed = line.trim()
    const output = parseFlightOutput(trimmed)
    if (output) {
      this.values.set(output.key, output.value)
      return false
    }
    if (trimmed === '') return true
    this.name = trimmed
    this.candidates.push(trimmed)
    if (this.candidates.length > 200) this.candidates.shift()
    return true
  }
}

const MARK = 'FLIGHT_OUTPUT:'

/** `FLIGHT_OUTPUT: key=value`; a value may hold `=`. Without a key or without `=` it is a line like any other. */
export function parseFlightOutput(line: string): { key: string; value: string } | undefined {
  const trimmed = line.trim()
  if (!trimmed.startsWith(MARK)) return undefined
  const rest = trimmed.slice(MARK.length).trim()
  const equals = rest.indexOf('=')
  const key = rest.slice(0, Math.max(equals, 0)).trim()
  return key === '' ? undefined : { key, value: rest.slice(equals + 1) }
}
