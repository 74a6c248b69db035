import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beginEpoch, emptyFold, foldExit, foldLine, type PlacedEvent } from '@skein/engine'
import { claudeAgent } from '@skein/plugin-claude'
import { type Envelope, EPHEMERAL } from '@skein/protocol'

/** An event with its place in the journal. */
export interface FoldedEvent {
  at: string
  event: unknown
}

/**
 * Folds a session's journals from nothing, as they lie on the disk. `transcript` tells only how each process ended, which is not
 * in the journal's bytes.
 */
export async function foldOfJournals(
  folder: string,
  sessionId: string,
  transcript: readonly Envelope[],
): Promise<FoldedEvent[]> {
  const prefix = `agent-${sessionId}.out.`
  const epochs = (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(/\.out\.(\d+)\./.exec(name)?.[1]))
    .sort((a, b) => a - b)
  let fold = emptyFold
  const folded: FoldedEvent[] = []
  for (const epoch of epochs) {
    fold = beginEpoch(fold, claudeAgent, epoch)
    const bytes = await readFile(join(folder, `${prefix}${epoch}.ndjson`))
    let offset = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, offset)) {
      const line = bytes.subarray(offset, end).toString('utf8')
      offset = end + 1
      if (line.trim() === '') continue
      const step = foldLine(fold, claudeAgent, line, 0)
      fold = step.fold
      folded.push(...placed(step.events, epoch, offset))
    }
    const exit = exitOf(transcript, epoch)
    if (exit) fold = foldExit(fold, claudeAgent, exit, epoch).fold
  }
  return folded
}

/** What of a transcript came from lines of the journal. */
export function fromLines(transcript: readonly Envelope[]): FoldedEvent[] {
  return transcript.flatMap(({ src, event }) =>
    src && src.offset !== Number.MAX_SAFE_INTEGER ? [{ at: `${src.epoch}:${src.offset}:${src.n}`, event }] : [],
  )
}

function placed(events: readonly PlacedEvent[], epoch: number, offset: number): FoldedEvent[] {
  return events.flatMap(({ event }, n) => (EPHEMERAL.has(event.type) ? [] : [{ at: `${epoch}:${offset}:${n}`, event }]))
}

function exitOf(transcript: readonly Envelope[], epoch: number) {
  for (const { event, at } of transcript) {
    if (event.type !== 'agent_process' || event.epoch !== epoch || event.state === 'starting') continue
    const reason =
      event.state === 'lost'
        ? ('lost' as const)
        : event.reason === 'stopped'
          ? ('stopped' as const)
          : ('exited' as const)
    return {
      code: event.exitCode ?? null,
      reason,
      at,
      ...(event.signal === undefined ? {} : { signal: event.signal }),
      ...(event.stderrTail === undefined ? {} : { stderrTail: event.stderrTail }),
    }
  }
  return undefined
}
