import type { Hunk, ToolContent } from '@skein/protocol'
import { count, duration } from '../ui/amounts.ts'
import type { ToolItem } from './items.ts'
import { outputOf } from './words.ts'

export interface ToolSummary {
  text: string
  tone: 'plain' | 'failed'
  /** Lines that an edit added and deleted. */
  size?: { added: number; deleted: number }
}

/** What came of a tool call, in a few words beside its title. */
export function summaryOf(item: ToolItem): ToolSummary {
  const { status, denied, elapsedMs, agent } = item
  if (denied) return { text: `denied by ${DENIED[denied.by]}`, tone: 'failed' }
  if (status === 'unfinished' && agent?.background !== true) return { text: 'did not finish', tone: 'failed' }
  if (status === 'failed') return { text: lastLine(outputOf(item)) || 'failed', tone: 'failed' }
  if (agent) return { text: delegateSummary(agent), tone: agent.state === 'failed' ? 'failed' : 'plain' }
  if (status === 'pending' || status === 'in_progress')
    return { text: elapsedMs === undefined || elapsedMs < 2000 ? '' : duration(elapsedMs), tone: 'plain' }
  const diffs = item.content.filter((part) => part.type === 'diff')
  if (diffs.length > 0) {
    const hunks = diffs.flatMap(hunksOf)
    const lines = hunks.flatMap((hunk) => hunk.lines)
    const added = lines.filter((line) => line.startsWith('+')).length
    return { text: '', tone: 'plain', size: { added, deleted: lines.filter((line) => line.startsWith('-')).length } }
  }
  const output = outputOf(item).trimEnd()
  if (output === '') return { text: item.kind === 'execute' ? 'no output' : '', tone: 'plain' }
  const lines = output.split('\n').length
  return { text: lines === 1 ? output : `${count(lines)} lines`, tone: 'plain' }
}

const DENIED = { user: 'you', rule: 'a rule', classifier: 'the classifier', hook: 'a hook' } as const

function delegateSummary(agent: NonNullable<ToolItem['agent']>): string {
  const { state, usage, background } = agent
  const words =
    state === 'running' && background
      ? ['runs in the background']
      : state === 'completed'
        ? []
        : [state.replace('_', ' ')]
  if (usage) words.push(`${count(usage.tokens)} tokens`, `${usage.toolUses} tool uses`, duration(usage.ms))
  return words.join(' · ')
}

/** The last line of what a tool printed, without colours, for one line of room. */
export function lastLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal output consists of them.
  const plain = text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '')
  return plain.trimEnd().split('\n').at(-1)?.trim().slice(0, 200) ?? ''
}

/** An edit as hunks; where there are none, what was there and what took its place. */
export function hunksOf(
  diff: Extract<ToolContent, { type: 'diff' }>,
): readonly Pick<Hunk, 'oldStart' | 'newStart' | 'lines'>[] {
  if (diff.hunks && diff.hunks.length > 0) return diff.hunks
  const before = linesOf(diff.oldText ?? '')
  const after = linesOf(diff.newText ?? '')
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail))
    tail++
  const lines = [
    ...before.slice(Math.max(0, head - 3), head).map((line) => ` ${line}`),
    ...before.slice(head, before.length - tail).map((line) => `-${line}`),
    ...after.slice(head, after.length - tail).map((line) => `+${line}`),
    ...before.slice(before.length - tail, before.length - tail + 3).map((line) => ` ${line}`),
  ]
  return lines.length === 0 ? [] : [{ oldStart: 0, newStart: 0, lines }]
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
