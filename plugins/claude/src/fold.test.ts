import { AgentEvent, type DecodedEvent } from '@skein/plugin-api'
import { expect, test } from 'vitest'
import { type ClaudeState, claudeAgent } from './index.ts'
import { foldLines, JOURNALS, journal } from './testing/journals.ts'
import { seededRandom } from './testing/random.ts'

const everyLine = JOURNALS.flatMap(journal)

for (const name of JOURNALS) {
  test(`folding "${name}" gives only valid events, and knows every line`, () => {
    const { events } = foldLines(journal(name))
    expect(events.length).toBeGreaterThan(5)
    for (const { event } of events) expect(AgentEvent.safeParse(event).error).toBe(undefined)
    expect(events.filter(({ event }) => event.type === 'raw')).toEqual([])
  })

  test(`folding "${name}" gives the same, wherever it is stopped, stored and taken up again`, () => {
    const lines = journal(name)
    const whole = foldLines(lines)
    for (let seed = 1; seed <= 10; seed++) {
      const random = seededRandom(seed)
      let state = claudeAgent.start(1, undefined)
      const events: DecodedEvent[] = []
      for (let at = 0; at < lines.length; ) {
        const count = 1 + Math.floor(random() * 8)
        const part = foldLines(lines.slice(at, at + count), JSON.parse(JSON.stringify(state)))
        at += count
        state = part.state
        events.push(...part.events)
      }
      expect(events).toEqual(whole.events)
      expect(stored(state)).toEqual(stored(whole.state))
    }
  })

  test(`decoding a line of "${name}" leaves the state before it as it was`, () => {
    let state = claudeAgent.start(1, undefined)
    for (const line of journal(name)) {
      const before = JSON.stringify(state)
      const first = claudeAgent.decode(deepFreeze(state), line)
      expect(JSON.stringify(state)).toBe(before)
      expect(claudeAgent.decode(state, line)).toEqual(first)
      state = first.state
    }
  })

  test(`what "${name}" leaves behind is small`, () => {
    expect(JSON.stringify(foldLines(journal(name)).state).length).toBeLessThan(4096)
  })
}

test('chunks add up to their message, without a gap and without an overlap', () => {
  for (const name of JOURNALS) {
    const { events } = foldLines(journal(name))
    const texts = new Map<string, string>()
    for (const { event } of events) {
      if (event.type === 'agent_message_chunk' || event.type === 'agent_thought_chunk') {
        const before = texts.get(event.messageId) ?? ''
        expect(event.at).toBe(before.length)
        texts.set(event.messageId, before + event.text)
      }
      if ((event.type === 'agent_message' || event.type === 'agent_thought') && texts.has(event.messageId)) {
        expect(event.content).toEqual([{ type: 'text', text: texts.get(event.messageId) }])
        texts.delete(event.messageId)
      }
    }
    expect([...texts.keys()]).toEqual([])
  }
})

test('lines that are cut, changed, doubled, lost and out of order never throw and keep turns and asks in pairs', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed)
    const lines = shuffleSome(everyLine, random).map((line) => (random() < 0.4 ? mutate(line, random) : line))
    const folded = foldLines(lines)
    const { events } = claudeAgent.exit(folded.state, { code: null, signal: 'SIGKILL', reason: 'exited', at: 0 })
    const all = [...folded.events, ...events].map(({ event }) => event)
    for (const event of all) {
      const parsed = AgentEvent.safeParse(event)
      if (!parsed.success) expect.fail(`seed ${seed}: ${JSON.stringify(event)}\n${parsed.error}`)
    }
    const turns = all.flatMap(({ type }) => (type === 'turn_started' || type === 'turn_ended' ? type : []))
    const pairs = turns.map((_, index) => (index % 2 === 0 ? 'turn_started' : 'turn_ended'))
    expect(turns, `seed ${seed}`).toEqual(pairs)
    expect(turns.length % 2).toBe(0)
    expectAsksInPairs(all, seed)
  }
})

function expectAsksInPairs(events: readonly AgentEvent[], seed: number): void {
  const open = new Set<string>()
  for (const event of events) {
    if (event.type === 'permission_request' || event.type === 'elicitation_request') {
      expect(open.has(event.requestId), `seed ${seed}: asked twice`).toBe(false)
      open.add(event.requestId)
    }
    if (event.type === 'permission_resolved' || event.type === 'elicitation_resolved')
      expect(open.delete(event.requestId), `seed ${seed}: resolved without being open`).toBe(true)
  }
  expect([...open], `seed ${seed}: never resolved`).toEqual([])
}

/** As it is read from the store. */
function stored(state: ClaudeState): unknown {
  return JSON.parse(JSON.stringify(state))
}

/** A part of the lines, some moved, some twice. */
function shuffleSome(lines: readonly string[], random: () => number): string[] {
  const start = Math.floor(random() * lines.length)
  const part = lines.slice(start, start + 120).filter(() => random() < 0.9)
  for (let swaps = 0; swaps < 10; swaps++) {
    const [from, to] = [Math.floor(random() * part.length), Math.floor(random() * part.length)]
    const [line] = part.splice(from, 1)
    if (line !== undefined) part.splice(to, 0, line, ...(random() < 0.3 ? [line] : []))
  }
  return part
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  1e300,
  '',
  'x\u0000y',
  '__proto__',
  'constructor',
  [],
  {},
  [[]],
]

function mutate(line: string, random: () => number): string {
  if (random() < 0.1) return line.slice(0, Math.floor(random() * line.length))
  const value: unknown = JSON.parse(line)
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) change(value, random)
  return JSON.stringify(value)
}

/** Replaces or removes one value, somewhere. */
function change(value: unknown, random: () => number): void {
  if (typeof value !== 'object' || value === null) return
  const keys = Object.keys(value)
  const key = keys[Math.floor(random() * keys.length)]
  if (key === undefined) return
  const inner: unknown = Reflect.get(value, key)
  if (typeof inner === 'object' && inner !== null && random() < 0.8) change(inner, random)
  else if (random() < 0.3) Reflect.deleteProperty(value, key)
  else Reflect.set(value, key, STRANGE[Math.floor(random() * STRANGE.length)])
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
