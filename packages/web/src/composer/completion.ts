import type { AgentEventOf } from '@skein/protocol'

export type AgentCommandOffer = AgentEventOf<'available_commands_update'>['commands'][number]

/** What is being completed: a command at the very beginning, or a file anywhere after a space. */
export interface Trigger {
  kind: 'command' | 'file'
  /** What was typed after the sign. */
  query: string
  /** Where the sign stands. */
  from: number
  /** The caret. */
  to: number
}

/** What the caret stands in, if it can be completed. */
export function triggerAt(text: string, caret: number): Trigger | undefined {
  const before = text.slice(0, caret)
  const command = /^\/([^\s/]*)$/.exec(before)
  if (command) return { kind: 'command', query: command[1] ?? '', from: 0, to: caret }
  const file = /(?:^|[\s([{"'`])@([^\s@]{0,300})$/.exec(before)
  if (!file) return undefined
  const query = file[1] ?? ''
  return { kind: 'file', query, from: caret - query.length - 1, to: caret }
}

/** The text with what was completed, and where the caret stands then. */
export function complete(text: string, trigger: Trigger, word: string): { text: string; caret: number } {
  const sign = trigger.kind === 'command' ? '/' : '@'
  const rest = text.slice(trigger.to)
  const inserted = `${sign}${word}${/^\s/.test(rest) ? '' : ' '}`
  const start = text.slice(0, trigger.from) + inserted
  return { text: start + rest, caret: start.length + (/^\s/.test(rest) ? 1 : 0) }
}

/** Commands that match, those that begin with the query first. */
export function matchingCommands(commands: readonly AgentCommandOffer[], query: string): AgentCommandOffer[] {
  const wanted = query.toLowerCase()
  const rank = ({ name }: AgentCommandOffer) => {
    const at = name.toLowerCase().indexOf(wanted)
    return at === 0 ? 0 : at > 0 ? 1 : -1
  }
  return commands
    .map((command) => ({ command, rank: rank(command) }))
    .filter((each) => each.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.command.name.localeCompare(b.command.name))
    .map(({ command }) => command)
}
