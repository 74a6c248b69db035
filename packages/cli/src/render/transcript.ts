import { type AgentEvent, type AgentEventOf, type Envelope, textOf } from '@skein/protocol'
import { clean, cleanLine } from './clean.ts'
import { count, duration } from './figures.ts'
import { MarkdownStyler } from './markdown.ts'
import { StreamedMessage } from './message.ts'
import { type Row, row, span, wrap } from './row.ts'
import { noteRows, turnEndRows } from './session-notes.ts'
import { finishedToolRows, isOver, runningToolRow, type Tool, toolOf, updated } from './tool.ts'

const PROMPT_ROWS = 6
const RUNNING_ROWS = 6

export interface TranscriptOptions {
  columns(): number
  /** Height that the moving region may take. */
  rows(): number
  /** Show prompts and the ends of turns: for a transcript that is read afterwards. */
  whole: boolean
  /** Show a proposed plan; where an ask shows it, one line is enough. */
  plans: boolean
}

type Kind = 'text' | 'tool' | 'note' | 'prompt'

/** Folds a session's events into rows: those that are done for good, and those that still move. */
export class Transcript {
  readonly #options: TranscriptOptions
  #lasting: Row[] = []
  #last: Kind | undefined
  #message: StreamedMessage | undefined
  #thought: { messageId: string; text: string; startedAt: number } | undefined
  #writing: { toolCallId: string; name: string; length: number } | undefined
  readonly #tools = new Map<string, Tool>()
  readonly #depths = new Map<string, number>()
  readonly #background = new Map<string, { title: string; startedAt: number }>()
  readonly #entries = new Map<string, string>()
  #todo: AgentEventOf<'plan'>['entries'] = []

  constructor(options: TranscriptOptions) {
    this.#options = options
  }

  /** Takes one event in. */
  accept(envelope: Envelope): void {
    const depth = this.#depthOf(envelope)
    const { event, at } = envelope
    switch (event.type) {
      case 'agent_message_chunk':
        if (depth === 0) this.#streamText(event)
        return
      case 'agent_message':
        if (depth === 0) this.#text(event)
        else this.#subagentText(textOf(event.content), depth)
        return
      default:
        this.#accept(clean(event), at, depth)
    }
  }

  /** Nothing more will come: what was still being written stays as it is. */
  end(): void {
    this.#endMessage()
  }

  /** The rows that are done since the last time. */
  take(): Row[] {
    const rows = this.#lasting
    this.#lasting = []
    return rows
  }

  /** The rows that still move: what is being written and what runs. */
  moving(spinner: string, now: number): Row[] {
    const rows: Row[] = []
    const columns = this.#options.columns()
    const text = this.#message?.moving(columns) ?? []
    if (text.length > 0 && this.#message?.untouched && this.#last !== undefined) rows.push([])
    rows.push(...text)
    if (this.#thought) {
      const lines = cleanLine(this.#thought.text)
      rows.push(row(span(`✻ ${lines.slice(-Math.max(10, columns - 6))}`, 'dim')))
    }
    if (this.#writing) {
      rows.push(row(span(`${spinner} `, 'accent'), span(cleanLine(this.#writing.name), 'strong'), span(' …', 'dim')))
    }
    const running = [...this.#tools.values()]
    for (const tool of running.slice(0, RUNNING_ROWS)) rows.push(runningToolRow(tool, spinner, now))
    if (running.length > RUNNING_ROWS) rows.push(row(span(`  and ${running.length - RUNNING_ROWS} more`, 'dim')))
    for (const { title, startedAt } of [...this.#background.values()].slice(0, RUNNING_ROWS)) {
      rows.push(row(span(`${spinner} ${title} (in the background) ${duration(now - startedAt)}`, 'dim')))
    }
    return rows
  }

  /** What the agent is at, from its task list. */
  get task(): string | undefined {
    if (this.#todo.length === 0) return undefined
    const done = this.#todo.filter((entry) => entry.status === 'completed').length
    const current = this.#todo.find((entry) => entry.status === 'in_progress')
    return `${done}/${this.#todo.length}${current ? ` ${cleanLine(current.content)}` : ''}`
  }

  #accept(event: AgentEvent, at: number, depth: number): void {
    switch (event.type) {
      case 'user_message':
        if (this.#options.whole && depth === 0) this.#prompt(event)
        return
      case 'agent_thought_chunk':
        if (depth === 0) this.#streamThought(event, at)
        return
      case 'agent_thought':
        this.#endThought(event, at, depth)
        return
      case 'tool_call_chunk':
        this.#endMessage()
        this.#writing = { toolCallId: event.toolCallId, name: event.name, length: event.at + event.text.length }
        return
      case 'tool_call':
        this.#endMessage()
        this.#writing = undefined
        this.#depths.set(event.toolCallId, depth)
        this.#tool(toolOf(event, at, depth), at)
        return
      case 'tool_call_update': {
        const tool = this.#tools.get(event.toolCallId)
        if (tool) this.#tool(updated(tool, event), at)
        return
      }
      case 'plan':
        this.#list(event)
        return
      case 'plan_update':
        this.#plan(event)
        return
      case 'subagent_update':
        this.#delegation(event, at)
        return
      case 'permission_resolved':
      case 'elicitation_resolved':
        this.#resolved(event)
        return
      case 'turn_ended':
        this.#endTurn(event, at)
        return
      default:
        this.#push('note', noteRows(event, at))
    }
  }

  #depthOf(envelope: Envelope): number {
    if (envelope.parentToolCallId !== undefined) return (this.#depths.get(envelope.parentToolCallId) ?? 0) + 1
    return envelope.agentId === undefined ? 0 : 1
  }

  /** Adds rows, after an empty one where another kind of thing begins. */
  #push(kind: Kind, rows: readonly Row[], continues = false): void {
    if (rows.length === 0) return
    if (this.#last !== undefined && !continues && (kind !== this.#last || kind === 'text')) this.#lasting.push([])
    this.#last = kind
    this.#lasting.push(...rows)
  }

  #wrapped(kind: Kind, rows: readonly Row[], hang: Row = row('  ')): void {
    this.#push(
      kind,
      rows.flatMap((line) => wrap(line, this.#options.columns(), hang)),
    )
  }

  // -- text

  #streamText(event: AgentEventOf<'agent_message_chunk'>): void {
    if (this.#message?.messageId !== event.messageId) {
      this.#endMessage()
      this.#message = new StreamedMessage(event.messageId)
    }
    this.#message?.add(event.at, event.text)
    if (this.#message) this.#layOut(this.#message, false)
  }

  #text(event: AgentEventOf<'agent_message'>): void {
    const whole = textOf(event.content)
    let message = this.#message
    if (message?.messageId !== event.messageId || !message.finish(whole)) {
      this.#endMessage()
      message = new StreamedMessage(event.messageId)
      message.finish(whole)
    }
    this.#layOut(message, true)
    this.#message = undefined
    if (event.aborted) this.#push('text', [row(span('(interrupted)', 'dim'))], true)
  }

  #endMessage(): void {
    if (this.#message) this.#layOut(this.#message, true)
    this.#message = undefined
  }

  #layOut(message: StreamedMessage, finished: boolean): void {
    const columns = this.#options.columns()
    const begun = !message.untouched
    const room = columns * Math.max(1, this.#options.rows() - 4)
    this.#push('text', message.lasting(columns, room, finished), begun)
  }

  #subagentText(text: string, depth: number): void {
    const lines = clean(text).trim().split('\n')
    if (lines[0] === undefined || lines[0] === '') return
    const more = lines.length > 1 ? ` (${lines.length} lines)` : ''
    this.#push('tool', [row('  '.repeat(depth), span(`↳ ${lines[0]}${more}`, 'dim'))])
  }

  #streamThought(event: AgentEventOf<'agent_thought_chunk'>, at: number): void {
    if (this.#thought?.messageId !== event.messageId) {
      this.#thought = { messageId: event.messageId, text: '', startedAt: at }
    }
    if (event.at <= this.#thought.text.length)
      this.#thought.text += event.text.slice(this.#thought.text.length - event.at)
  }

  #endThought(event: AgentEventOf<'agent_thought'>, at: number, depth: number): void {
    const elapsed = this.#thought?.messageId === event.messageId ? ` ${duration(at - this.#thought.startedAt)}` : ''
    this.#thought = undefined
    const lines = textOf(event.content)
      .trim()
      .split('\n')
      .filter((line) => line.trim() !== '')
    if (lines[0] === undefined || depth > 0) return
    const more = lines.length > 1 ? ` … (${count(lines.length, 'line')})` : ''
    this.#wrapped('note', [row(span(`✻ Thought${elapsed}: ${lines[0]}${more}`, 'dim'))])
  }

  #prompt(event: AgentEventOf<'user_message'>): void {
    const lines = event.content.flatMap((block) =>
      block.type === 'text' ? block.text.split('\n') : [`[${block.name ?? block.type}]`],
    )
    const shown = lines.slice(0, PROMPT_ROWS)
    if (lines.length > PROMPT_ROWS) shown.push(`… ${count(lines.length - PROMPT_ROWS, 'more line')}`)
    this.#wrapped(
      'prompt',
      shown.map((line, index) => row(span(index === 0 ? '› ' : '  ', 'accent'), span(line, 'strong'))),
    )
  }

  // -- tools and what they stand for

  #tool(tool: Tool, at: number): void {
    if (!isOver(tool)) {
      this.#tools.set(tool.toolCallId, tool)
      return
    }
    this.#tools.delete(tool.toolCallId)
    this.#wrapped('tool', finishedToolRows(tool, at), row('    '))
  }

  #list(event: AgentEventOf<'plan'>): void {
    this.#todo = event.entries
    const changed = event.entries.filter((entry) => this.#entries.get(entry.id ?? entry.content) !== entry.status)
    for (const entry of changed) this.#entries.set(entry.id ?? entry.content, entry.status)
    this.#wrapped(
      'tool',
      changed.map((entry) => {
        if (entry.status === 'completed') return row(span('☑ ', 'good'), span(entry.content, 'dim'))
        return row(span(entry.status === 'in_progress' ? '▸ ' : '☐ ', 'accent'), entry.content)
      }),
    )
  }

  #plan(event: AgentEventOf<'plan_update'>): void {
    if (event.state === 'approved') {
      this.#push('note', [row(span('✓ ', 'good'), `Plan approved${event.edited ? ', edited' : ''}`)])
    } else if (event.state === 'rejected') {
      this.#wrapped('note', [
        row(
          span('↻ ', 'warn'),
          'Changes to the plan requested',
          span(event.feedback ? `: ${cleanLine(event.feedback)}` : '', 'dim'),
        ),
      ])
    } else if (this.#options.plans) {
      const styler = new MarkdownStyler()
      const bar = row(span('│ ', 'accent'))
      const rows = event.markdown
        .trim()
        .split('\n')
        .flatMap((line) => {
          const styled = styler.line(line)
          return wrap([...bar, ...styled.row], this.#options.columns(), [...bar, ...styled.hang])
        })
      this.#push('note', [row(span('◇ Plan', 'heading')), ...rows])
    } else {
      this.#push('note', [
        row(span('◇ ', 'accent'), `Plan proposed (${count(event.markdown.trim().split('\n').length, 'line')})`),
      ])
    }
  }

  #delegation(event: AgentEventOf<'subagent_update'>, at: number): void {
    const title = cleanLine(event.title)
    if (event.state === 'running' || event.state === 'requires_action') {
      if (event.background && !this.#background.has(event.agentId))
        this.#background.set(event.agentId, { title, startedAt: at })
      return
    }
    if (!this.#background.delete(event.agentId)) return
    const mark = event.state === 'completed' ? span('✓ ', 'good') : span('✗ ', 'bad')
    this.#wrapped('tool', [row(mark, title, span(event.summary ? ` — ${cleanLine(event.summary)}` : '', 'dim'))])
  }

  #resolved(event: AgentEventOf<'permission_resolved'> | AgentEventOf<'elicitation_resolved'>): void {
    if (event.outcome === 'cancelled' || event.outcome === 'expired') {
      this.#push('note', [
        row(span(`· The ask was ${event.outcome === 'cancelled' ? 'withdrawn' : 'not answered in time'}`, 'dim')),
      ])
    } else if (this.#options.whole && 'feedback' in event && event.feedback && event.by === 'user') {
      this.#wrapped('note', [row(span(`↳ ${cleanLine(event.feedback)}`, 'dim'))])
    }
  }

  #endTurn(event: AgentEventOf<'turn_ended'>, at: number): void {
    this.#endMessage()
    this.#thought = undefined
    this.#writing = undefined
    for (const tool of this.#tools.values()) this.#tool({ ...tool, status: 'failed' }, at)
    if (this.#options.whole) this.#wrapped('note', turnEndRows(event))
  }
}
