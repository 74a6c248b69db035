import { spawn } from 'node:child_process'
import { SkeinError } from '@skein/plugin-api'

export interface Program {
  /** Begins the error's message: "pushing the image …". */
  doing: string
  argv: readonly [string, ...string[]]
  env: Record<string, string | undefined>
  /** For its stdin; the only way for a secret. */
  input?: string
  onLine: (line: string) => void
  /** Not to be shown, whoever says it. */
  secret: string
  signal: AbortSignal
}

const KEPT = 16 * 1024
const SHOWN = 2000

/** Runs a program to its end. Throws with its exit code and what it said on stderr. */
export async function runProgram({ doing, argv, env, input, onLine, secret, signal }: Program): Promise<void> {
  const [program, ...args] = argv
  const clean = (text: string): string => (secret === '' ? text : text.replaceAll(secret, '***'))
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], signal })
  let stderr = ''
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (stream === child.stderr) stderr = `${stderr}${text}`.slice(-KEPT)
      const lines = `${rest}${text}`.split(/\r\n|\n|\r/)
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') onLine(clean(line))
    })
  }
  // What ended without reading it says why on stderr.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(signal.aborted ? new SkeinError('cancelled', `${doing}: cancelled`) : SkeinError.from(error, doing)),
    )
    child.once('close', resolve)
  })
  if (code === 0) return
  const said = clean(stderr.trim()).slice(-SHOWN)
  throw new SkeinError('unavailable', `${doing}: ${program.split('/').at(-1)} ended with exit code ${code}\n${said}`, {
    next: 'Mend what it says; what was done before is done, and is not repeated.',
    details: { code, stderr: said },
  })
}
