import { createHash } from 'node:crypto'
import type { AgentCommand, AgentPlugin } from '@skein/plugin-api'
import type { RunnerClient } from '@skein/protocol'
import { processId } from './journal.ts'

/** A line up to this size goes in the request itself, a longer one as a blob before it. */
const INLINE_INPUT = 256 * 1024
const BLOB_PART = 384 * 1024

/**
 * Says something to a session's agent, each line exactly once: the runner knows a line by its key. Answers whether the agent must
 * be started anew for it to count.
 */
export async function sayToAgent(
  runner: RunnerClient,
  agent: AgentPlugin,
  state: unknown,
  to: { sessionId: string; epoch: number },
  command: AgentCommand,
): Promise<boolean> {
  const { lines, needsRestart } = agent.encode(state, command)
  // A key counts for ever: what one process was given and lost with its death is new to the next.
  for (const { key, line } of lines) await writeLine(runner, to, `${key}-${to.epoch}`, line)
  return needsRestart ?? false
}

export async function writeLine(
  runner: RunnerClient,
  { sessionId, epoch }: { sessionId: string; epoch: number },
  key: string,
  line: string,
): Promise<void> {
  const id = processId(sessionId)
  const bytes = Buffer.from(line)
  if (bytes.length <= INLINE_INPUT) {
    await runner.call('process.input', { id, epoch, key, line })
    return
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  for (let offset = 0; offset < bytes.length; offset += BLOB_PART) {
    const part = bytes.subarray(offset, offset + BLOB_PART)
    await runner.call('blob.put', {
      sha256,
      offset,
      base64: part.toString('base64'),
      done: offset + part.length === bytes.length,
    })
  }
  await runner.call('process.input', { id, epoch, key, blob: sha256 })
}
