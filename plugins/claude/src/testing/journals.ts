import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentEvent, AgentEventOf, DecodedEvent } from '@skein/plugin-api'
import { type ClaudeState, claudeAgent } from '../index.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures')

/** Names of the recorded journals: real lines of Claude Code 2.1.329, with paths and long lists made neutral. */
export const JOURNALS: readonly string[] = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.ndjson'))
  .map((name) => name.replace('.ndjson', ''))

export function journal(name: string): string[] {
  return readFileSync(join(FIXTURES, `${name}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n')
}

/** Folds lines from the beginning of an epoch, or from a state. */
export function foldLines(
  lines: readonly string[],
  from: ClaudeState = claudeAgent.start(1, undefined),
): { state: ClaudeState; events: DecodedEvent[] } {
  let state = from
  const events = lines.flatMap((line) => {
    const decoded = claudeAgent.decode(state, line)
    state = decoded.state
    return decoded.events
  })
  return { state, events }
}

/** Events of lines that are given as objects. */
export function eventsOf(...lines: unknown[]): AgentEvent[] {
  return foldLines(lines.map((line) => JSON.stringify(line))).events.map(({ event }) => event)
}

/** Those of one type. */
export function only<T extends AgentEvent['type']>(events: readonly AgentEvent[], type: T): AgentEventOf<T>[] {
  return events.filter((event): event is AgentEventOf<T> => event.type === type)
}
