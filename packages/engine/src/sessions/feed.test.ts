import type { Envelope, FollowItem } from '@skein/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate } from '../store/migrate.ts'
import { migrations } from '../store/migrations.ts'
import { openSqlite, type Sqlite } from '../store/open.ts'
import type { Store } from '../store/schema.ts'
import { SessionFeeds } from './feed.ts'

let store: Sqlite<Store>
let feeds: SessionFeeds

beforeEach(async () => {
  store = await openSqlite<Store>(':memory:')
  await migrate(store.db, migrations)
  store.raw.exec('pragma foreign_keys = off')
  feeds = new SessionFeeds(store.db)
})
afterEach(() => store.close())

const message = (seq: number, text: string): Envelope => ({
  v: 1,
  sessionId: 's',
  seq,
  at: 0,
  event: { type: 'agent_message', messageId: `m${seq}`, content: [{ type: 'text', text }] },
})
const chunk = (after: number, messageId: string, at: number, text: string): Envelope => ({
  v: 1,
  sessionId: 's',
  seq: after,
  at: 0,
  ephemeral: true,
  event: { type: 'agent_message_chunk', messageId, at, text },
})

async function storeAndPublish(...envelopes: Envelope[]): Promise<void> {
  for (const envelope of envelopes) {
    if (!envelope.ephemeral)
      await store.db
        .insertInto('events')
        .values({
          session_id: 's',
          seq: envelope.seq,
          at: 0,
          type: envelope.event.type,
          epoch: null,
          offset: null,
          n: null,
          envelope: JSON.stringify(envelope),
        })
        .execute()
  }
  feeds.publish('s', envelopes)
}

/** Takes items until the condition holds for what was taken. */
async function take(items: AsyncIterator<FollowItem>, until: (taken: FollowItem[]) => boolean): Promise<FollowItem[]> {
  const taken: FollowItem[] = []
  while (!until(taken)) {
    const { value, done } = await items.next()
    if (done) throw new Error(`the feed ended after ${JSON.stringify(taken)}`)
    taken.push(value)
  }
  return taken
}
const isLive = (taken: FollowItem[]) => taken.at(-1)?.type === 'live'
const texts = (items: FollowItem[]) =>
  items.map((item) => {
    if (item.type === 'live') return `live ${item.seq}`
    const { event, seq } = item.envelope
    if (event.type === 'agent_message_chunk') return `${event.messageId}@${event.at}:${event.text}`
    return `${seq} ${event.type}`
  })

describe('SessionFeeds.follow', () => {
  it('gives stored events after the cursor, says live, then goes on without a gap or a double', async () => {
    await storeAndPublish(message(1, 'a'), message(2, 'b'))
    const end = new AbortController()
    const items = feeds.follow('s', 1, end.signal)[Symbol.asyncIterator]()
    expect(texts(await take(items, isLive))).toEqual(['2 agent_message', 'live 2'])
    await storeAndPublish(message(3, 'c'))
    expect(texts(await take(items, (taken) => taken.length === 1))).toEqual(['3 agent_message'])
    end.abort()
    expect((await items.next()).done).toBe(true)
  })

  it('shows a late reader an unfinished message from its beginning, each character once', async () => {
    await storeAndPublish(chunk(0, 'm1', 0, 'Hel'), chunk(0, 'm1', 3, 'lo'))
    const items = feeds.follow('s', 0, AbortSignal.timeout(5000))[Symbol.asyncIterator]()
    const first = items.next()
    feeds.publish('s', [chunk(0, 'm1', 5, ' wor'), chunk(0, 'm1', 9, 'ld')])
    let text = ''
    for (let item = await first; ; item = await items.next()) {
      if (item.done) throw new Error(`the feed ended after "${text}"`)
      const shown = item.value.type === 'event' ? item.value.envelope.event : undefined
      if (shown?.type === 'agent_message_chunk') text += shown.text
      if (text.length >= 'Hello world'.length) break
    }
    expect(text).toBe('Hello world')
  })

  it('drops deltas of a message that the reader already has whole', async () => {
    const items = feeds.follow('s', 0, AbortSignal.timeout(5000))[Symbol.asyncIterator]()
    await take(items, isLive)
    feeds.publish('s', [chunk(0, 'm1', 0, 'a')])
    await storeAndPublish(message(1, 'a'))
    feeds.publish('s', [chunk(0, 'm1', 0, 'a'), chunk(1, 'm2', 0, 'b')])
    expect(texts(await take(items, (taken) => taken.length === 3))).toEqual(['m1@0:a', '1 agent_message', 'm2@0:b'])
  })

  it('sends a reader that fell behind back to the store: it misses nothing', async () => {
    const items = feeds.follow('s', 0, AbortSignal.timeout(20_000))[Symbol.asyncIterator]()
    await take(items, isLive)
    const many = Array.from({ length: 6000 }, (_, n) => message(n + 1, String(n)))
    store.raw.exec('begin')
    const insert = store.raw.prepare(
      `insert into events (session_id, seq, at, type, envelope) values ('s', ?, 0, 'agent_message', ?)`,
    )
    for (const envelope of many) insert.run(envelope.seq, JSON.stringify(envelope))
    store.raw.exec('commit')
    feeds.publish('s', many)
    const seqs = (await take(items, (taken) => taken.length === 6000)).map((item) =>
      item.type === 'event' ? item.envelope.seq : 0,
    )
    expect(seqs).toEqual(many.map(({ seq }) => seq))
  })
})
