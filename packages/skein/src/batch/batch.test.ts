import { join } from 'node:path'
import { temporaryFolder } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import type { AttemptContext, AttemptEnd } from './attempt.ts'
import { Batch } from './batch.ts'
import { end, failed, requests, scripted, skein } from './fixtures/scripted.ts'
import type { NamedRequest } from './request.ts'

describe('the outcomes of a batch', () => {
  it('match 36: keep input order and tags, one failure does not affect others, and errors are captured', async () => {
    const given = requests(5).map((request, index) => ({ ...request, tag: `tag ${index}` }))
    const { batch } = scripted(given, async ({ index }) => {
      await new Promise((resolve) => setTimeout(resolve, 20 - 4 * index))
      if (index === 1) throw new TypeError('a defect')
      return index === 3 ? failed({ class: 'invalid' }) : end({ text: `${index}` })
    })
    const report = await batch.run()
    expect(report.outcomes.map(({ tag }) => tag)).toEqual(given.map(({ tag }) => tag))
    expect(report.outcomes.map(({ status }) => status)).toEqual([
      'succeeded',
      'failed',
      'succeeded',
      'failed',
      'succeeded',
    ])
    expect(report.outcomes[1]?.error).toMatchObject({ class: 'internal', message: expect.stringMatching('a defect') })
    expect(report.outcomes[1]?.attempts).toBe(2)
    expect(report).toMatchObject({ ok: false, counts: { succeeded: 3, failed: 2 } })
  })

  it('match 36: an empty batch gives zeros', async () => {
    const report = await scripted([], () => end()).batch.run()
    expect(report).toMatchObject({ outcomes: [], costUsd: 0, durationMs: 0, ok: true })
  })

  it.each([
    [1, 1],
    [3, 3],
    [100, 10],
  ])('match 36: a concurrency of %i has at most %i of ten under way at once', async (concurrency, most) => {
    let [running, peak] = [0, 0]
    const attempt = async () => {
      peak = Math.max(peak, ++running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
      return end()
    }
    await scripted(requests(10), attempt, { concurrency }).batch.run()
    expect(peak).toBe(most)
  })

  it('are told as they come, by callback and by iteration', async () => {
    const { batch, events } = scripted(requests(3), () => end())
    const iterated: string[] = []
    for await (const event of batch) iterated.push(event.type)
    expect(iterated).toEqual(events.map(({ type }) => type))
    expect(iterated.filter((type) => type === 'ended')).toHaveLength(3)
    expect(iterated.at(-1)).toBe('finished')
  })
})

describe('requests', () => {
  it('have ids made from what they say, the same every time, also for twins', () => {
    const twice = () => new Batch([...requests(2), ...requests(1)], { skein }).requests.map(({ id }) => id)
    expect(twice()).toEqual(twice())
    expect(new Set(twice()).size).toBe(3)
    expect(twice()[2]).toBe(`${twice()[0]}-2`)
  })

  it('are refused before anything is begun: no prompt, an id twice, no concurrency', () => {
    expect(() => new Batch([{ prompt: ' ', tag: 'empty' }], { skein })).toThrow('request 1 (empty) of the batch')
    expect(() => new Batch([...requests(1, { id: 'a' }), ...requests(1, { id: 'a' })], { skein })).toThrow('"a"')
    expect(() => new Batch([], { skein, concurrency: 0 })).toThrow('0 requests at once')
    expect(() => new Batch([], { skein, budget: -1 })).toThrow('no budget')
  })
})

describe('a failure', () => {
  it('is tried again as often as its class allows, with longer and longer pauses', async () => {
    const times: number[] = []
    const { batch } = scripted(
      requests(1),
      (_, __, now) => {
        times.push(now)
        return times.length < 4 ? failed({ class: 'network' }) : end()
      },
      { concurrency: 1 },
    )
    const report = await batch.run()
    expect(report.outcomes[0]).toMatchObject({ status: 'succeeded', attempts: 4, costUsd: expect.closeTo(0.4) })
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(pauses[1]).toBeGreaterThan(pauses[0] ?? 0)
    expect(pauses[2]).toBeGreaterThan(pauses[1] ?? 0)
  })

  it('of who is not let in is never tried again, and nothing more is begun', async () => {
    let begun = 0
    const attempt = () => {
      begun++
      return failed({ class: 'auth', message: 'invalid x-api-key' })
    }
    const report = await scripted(requests(5), attempt, { concurrency: 1 }).batch.run()
    expect(begun).toBe(1)
    expect(report).toMatchObject({ stopped: { because: 'auth' }, counts: { failed: 1, not_started: 4 } })
  })

  it('keeps its last attempt’s reason when all were in vain', async () => {
    const report = await scripted(requests(1), () => failed({ class: 'machine' }), {
      retry: { machine: 2 },
    }).batch.run()
    expect(report.outcomes[0]).toMatchObject({ status: 'failed', attempts: 2, error: { class: 'machine' } })
  })

  it('that says "too much" halves what runs at once and lets the others wait, too', async () => {
    let limited = 3
    let [running, peakAfter] = [0, 0]
    const { batch, events } = scripted(
      requests(12),
      async () => {
        running++
        if (limited <= 0) peakAfter = Math.max(peakAfter, running)
        await new Promise((resolve) => setTimeout(resolve, 3))
        running--
        return limited-- > 0 ? failed({ class: 'rate_limit' }) : end()
      },
      { concurrency: 8 },
    )
    expect((await batch.run()).counts.succeeded).toBe(12)
    expect(events.some(({ type }) => type === 'parked')).toBe(true)
    expect(peakAfter).toBeLessThanOrEqual(8)
  })

  it('is not waited for: where an agent says that it is kept waiting by a limit, no other is begun for a moment', async () => {
    const begun: number[] = []
    const { batch } = scripted(
      requests(3),
      ({ index }, { onProgress }, now) => {
        begun.push(now)
        if (index === 0) onProgress({ doing: 'waiting', costUsd: 0, limitedUntil: now + 3_600_000 })
        return end()
      },
      { concurrency: 1 },
    )
    expect((await batch.run()).counts.succeeded).toBe(3)
    expect(begun.map((at) => at - (begun[0] ?? 0))).toEqual([0, 60_000, 60_000])
  })

  it('by a usage limit parks the batch until the limit’s reset, and costs no attempt', async () => {
    const resetsAt = 1_000_000 + 5 * 3_600_000
    const begun: number[] = []
    const { batch, events } = scripted(
      requests(4),
      (_, __, now) => {
        begun.push(now)
        return now < resetsAt ? failed({ class: 'usage_limit', resetsAt }) : end()
      },
      { concurrency: 2, retry: { rate_limit: 1 } },
    )
    const report = await batch.run()
    expect(report.counts.succeeded).toBe(4)
    expect(begun.filter((at) => at < resetsAt)).toHaveLength(2)
    expect(events).toContainEqual(expect.objectContaining({ type: 'parked', until: resetsAt }))
    expect(events).toContainEqual({ type: 'resumed' })
  })
})

describe('the end of a batch before its end', () => {
  it('a used-up budget begins nothing more and says so', async () => {
    const { batch, events } = scripted(requests(10), () => end({ costUsd: 1 }), { concurrency: 1, budget: 3 })
    const report = await batch.run()
    expect(report).toMatchObject({
      counts: { succeeded: 3, not_started: 7 },
      stopped: { because: 'budget' },
      ok: false,
    })
    expect(events).toContainEqual({
      type: 'stopping',
      stop: { because: 'budget', message: expect.stringMatching('3') },
    })
  })

  it('an abort interrupts what is under way; what was cancelled is begun anew by a resumed batch', async () => {
    await using folder = await temporaryFolder('batch')
    const record = join(folder.path, 'record.jsonl')
    const stop = new AbortController()
    const hanging = (request: NamedRequest, { signal }: AttemptContext) =>
      request.index === 0
        ? end()
        : new Promise<AttemptEnd>((resolve) =>
            signal.addEventListener('abort', () => resolve(end({ status: 'cancelled' })), { once: true }),
          )
    const first = scripted(requests(6), hanging, { concurrency: 2, record, signal: stop.signal })
    const running = first.batch.run()
    for await (const event of first.batch) if (event.type === 'started' && event.index === 2) stop.abort()
    expect((await running).counts).toMatchObject({ succeeded: 1, cancelled: 2, not_started: 3 })
    const keys: string[] = []
    const attempt = (_: NamedRequest, { key }: AttemptContext) => {
      keys.push(key)
      return end()
    }
    const second = scripted(requests(6), attempt, { record, resume: true })
    const report = await second.batch.run()
    expect(report.counts.succeeded).toBe(6)
    expect(new Set(keys).size).toBe(5)
  })

  it('drained, it ends what is under way and begins nothing more', async () => {
    const { batch } = scripted(
      requests(6),
      async ({ index }) => {
        if (index === 1) batch.drain()
        return end()
      },
      { concurrency: 2 },
    )
    expect((await batch.run()).counts).toMatchObject({ succeeded: 2, not_started: 4 })
  })
})
