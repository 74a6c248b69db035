import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { ExecResult, ExecSpec } from './box.ts'

/** Runs a program in a process group of its own; the whole group is killed when the signal is aborted. */
export async function runAndCollect(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  { stdin, signal, limit }: ExecSpec,
  onStart: (pid: number) => void,
): Promise<ExecResult> {
  signal.throwIfAborted()
  const [program = '', ...args] = argv
  const child = spawn(program, args, { env, cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const end = () => {
    if (child.pid !== undefined) killGroup(child.pid)
  }
  if (child.pid !== undefined) onStart(child.pid)
  signal.addEventListener('abort', end, { once: true })
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin ?? '')
  const output = Promise.all([collect(child.stdout, limit), collect(child.stderr, limit)])
  try {
    const [code, name] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    signal.throwIfAborted()
    const [stdout, stderr] = await output
    return { code: code ?? 0, signal: name === null ? 0 : constants.signals[name], stdout, stderr }
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function collect(stream: Readable, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (length < limit) chunks.push(chunk.subarray(0, limit - length))
    length += chunk.length
  }
  return Buffer.concat(chunks).toString()
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
