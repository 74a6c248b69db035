/** What git says of a clone while it works: lines that it writes over again and again. */
export class CloneProgress {
  #rest = ''
  #last = ''
  /** The last of git's own complaints. */
  said = ''

  /** Answers how far it is, when that is news. */
  push(text: string): { text: string; fraction?: number } | undefined {
    const lines = (this.#rest + text).split(/[\r\n]/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines)
      if (/^(?:fatal|error|remote: .*(?:error|not found|denied))/i.test(line))
        this.said = line.replace(/^(?:fatal|error): /, '')
    const shown = lines.findLast((line) => /^(?:Cloning|Receiving|Resolving|Updating|remote: )/.test(line))
    if (shown === undefined || shown === this.#last) return undefined
    this.#last = shown
    const [, phase, percent] = /^(Receiving|Resolving|Updating)[^:]*:\s+(\d+)%/.exec(shown) ?? []
    const [from, to] = RANGES[phase ?? ''] ?? [0, 0]
    return {
      text: shown.trim().slice(0, 200),
      ...(percent === undefined ? {} : { fraction: from + ((to - from) * Number(percent)) / 100 }),
    }
  }
}

/** Which part of the whole each of git's phases is. */
const RANGES: Record<string, [number, number]> = {
  Receiving: [0, 0.8],
  Resolving: [0.8, 0.95],
  Updating: [0.95, 1],
}
