const TAKEN = /EADDRINUSE|address (?:is )?already in use|port \d+ is (?:already )?(?:in use|taken|being used|occupied)/i

/** The port that a program could not listen on, by the last that it printed. 0: it did not say which. */
export function takenPort(output: string): number | undefined {
  const lines = output.split('\n').filter((line) => TAKEN.test(line))
  if (lines.length === 0) return undefined
  for (const line of lines.toReversed()) {
    const port = /\bport:? (\d{2,5})\b/i.exec(line)?.[1] ?? [...line.matchAll(/:(\d{2,5})\b/g)].at(-1)?.[1]
    if (port !== undefined && Number(port) <= 65_535) return Number(port)
  }
  return 0
}
