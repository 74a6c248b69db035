import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import type { AttemptContext } from './attempt.ts'
import { end, failed, requests, scripted } from './fixtures/scripted.ts'
import type { BatchOptions } from './options.ts'
import type { NamedRequest } from './request.ts'

describe('the record', () => {
  it('lets a batch go on after a kill in the middle of a line; what was under way has the same key', async () => {
    await using folder = await temporaryFolder('batch')
    const record = join(folder.path, 'record.jsonl')
    const keys = new Map<number, string>()
    const attempt = ({ index }: NamedRequest, { key }: AttemptContext) => {
      keys.set(index, key)
      return end()
    }
    await scripted(requests(4), attempt, { record, concurrency: 1 }).batch.run()
    // As it was when request 2 had begun and its end was being written.
    const lines = (await readFile(record, 'utf8')).trimEnd().split('\n')
    const cut = lines.findIndex((line) => line.includes('"ended"') && line.includes('"index":2'))
    await writeFile(record, `${lines.slice(0, cut).join('\n')}\n${lines[cut]?.slice(0, 40)}`)
    const again: [number, string][] = []
    const second = scripted(
      requests(4),
      ({ index }, { key }) => {
        again.push([index, key])
        return end()
      },
      { record, resume: true, concurrency: 1 },
    )
    const report = await second.batch.run()
    expect(again.map(([index]) => index)).toEqual([2, 3])
    expect(again[0]).toEqual([2, keys.get(2)])
    expect(second.events).toContainEqual(expect.objectContaining({ type: 'started', index: 2, followed: true }))
    expect(report.counts.succeeded).toBe(4)
  })

  it('of an unfinished batch is not overwritten unless that is wanted', async () => {
    await using folder = await temporaryFolder('batch')
    const record = join(folder.path, 'record.jsonl')
    await scripted(requests(3), () => end({ costUsd: 5 }), { record, concurrency: 1, budget: 1 }).batch.run()
    const anew = (options: Partial<BatchOptions>) => scripted(requests(3), () => end(), { record, ...options }).batch
    await expect(anew({}).run()).rejects.toMatchObject({ code: 'conflict', next: expect.stringMatching('--resume') })
    expect((await anew({ anew: true }).run()).counts.succeeded).toBe(3)
    // One that has ended is begun anew without ado.
    expect((await anew({}).run()).counts.succeeded).toBe(3)
  })

  it('runs failed requests again when that is wanted', async () => {
    await using folder = await temporaryFolder('batch')
    const record = join(folder.path, 'record.jsonl')
    const fails = ({ index }: NamedRequest) => (index === 1 ? failed({ class: 'model' }) : end())
    await scripted(requests(3), fails, { record }).batch.run()
    const begun: number[] = []
    const attempt = ({ index }: NamedRequest) => {
      begun.push(index)
      return end()
    }
    await scripted(requests(3), attempt, { record, resume: true }).batch.run()
    expect(begun).toEqual([])
    const report = await scripted(requests(3), attempt, { record, resume: true, retryFailed: true }).batch.run()
    expect(begun).toEqual([1])
    expect(report).toMatchObject({ ok: true, counts: { succeeded: 3 } })
    expect(report.outcomes[1]).toMatchObject({ attempts: 2, costUsd: expect.closeTo(0.2) })
  })

  it('that is damaged in its middle is refused, with the line', async () => {
    await using folder = await temporaryFolder('batch')
    const record = join(folder.path, 'record.jsonl')
    await scripted(requests(2), () => end(), { record }).batch.run()
    const lines = (await readFile(record, 'utf8')).split('\n')
    await writeFile(record, [lines[0], '{"type":"oops', ...lines.slice(2)].join('\n'))
    const resumed = scripted(requests(2), () => end(), { record, resume: true }).batch
    await expect(resumed.run()).rejects.toMatchObject({ message: expect.stringMatching('damaged at line 2') })
  })

  it('belongs to one process, until that dies', async () => {
    await using folder = await temporaryFolder('batch')
    const record = join(folder.path, 'record.jsonl')
    await appendFile(record, '')
    const lock = new URL('./record-lock.ts', import.meta.url).href
    const program = `const { lockRecord } = await import(${JSON.stringify(lock)})
      globalThis.held = await lockRecord(${JSON.stringify(record)})
      console.log('held')
      setInterval(() => {}, 1000)`
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e']
    const other = spawn(process.execPath, [...flags, program], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(other.stdout, 'data')
      await expect(scripted(requests(1), () => end(), { record }).batch.run()).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching('another process'),
      })
    } finally {
      other.kill('SIGKILL')
      await once(other, 'close')
    }
    expect((await scripted(requests(1), () => end(), { record }).batch.run()).ok).toBe(true)
  })
})

it('a line that cannot be written ends the batch with that error', async () => {
  await using folder = await temporaryFolder('batch')
  const record = join(folder.path, 'record.jsonl')
  const circular: { itself?: unknown } = {}
  circular.itself = circular
  const { batch } = scripted(requests(3), () => end({ structured: circular }), { record, concurrency: 1 })
  await expect(batch.run()).rejects.toMatchObject({ message: expect.stringMatching(/circular/i) })
})
