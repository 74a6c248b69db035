/** How the door inside said that it ended. */
export interface ExitMarker {
  reason: string
  code: number
}

const REASON = /^[a-z_]{1,40}$/

/** One line on the console, which only who knows the nonce can write. */
export function exitMarker(nonce: string, { reason, code }: ExitMarker): string {
  return `[skein:exit:${nonce}:${reason}:${code}]`
}

/** The last marker with this nonce, anywhere in a line; what only looks like one is left out. */
export function findExitMarker(lines: Iterable<string>, nonce: string): ExitMarker | undefined {
  let found: ExitMarker | undefined
  const start = `[skein:exit:${nonce}:`
  for (const line of lines)
    for (let at = line.indexOf(start); at !== -1; at = line.indexOf(start, at + 1)) {
      const [reason = '', code = ''] =
        line
          .slice(at + start.length)
          .split(']', 1)[0]
          ?.split(':') ?? []
      if (REASON.test(reason) && /^\d{1,3}$/.test(code)) found = { reason, code: Number(code) }
    }
  return found
}
