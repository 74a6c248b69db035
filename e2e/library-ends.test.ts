import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hang, isThorough, processesUnder, say, streamsLong, text, waitUntil } from '@skein/testkit'
import { embed, type RunOptions, type RunResult, type Skein, stream } from 'skein'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LibraryElsewhere, type LibraryPlace, libraryElsewhere, libraryPlace } from './library-place.ts'

/** The product's own figure; a test that everybody runs is more patient with its machine. */
const GONE_MS = isThorough ? 5_000 : 30_000

describe('leaving a run early', { timeout: 180_000 }, () => {
  let place: LibraryElsewhere
  beforeAll(async () => {
    place = await libraryElsewhere((request, context) =>
      request.lastUserText === 'hang' ? hang() : streamsLong(100_000, 20)(request, context),
    )
  })
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]()
  })
  const options = (more: Partial<RunOptions> = {}): RunOptions => ({
    ...place.agent,
    permissionMode: 'bypass',
    repositories: place.repo,
    on: place.on,
    prompt: 'go on',
    ...more,
  })
  const here = (machineId: string) => place.there.machines().includes(machineId)

  /** Reads until the agent speaks; answers its machine. */
  async function begun(events: AsyncIterable<{ type: string; machineId?: string }>, then: (machineId: string) => void) {
    let machineId = ''
    for await (const event of events) {
      if (event.type === 'prepared') machineId = event.machineId ?? ''
      if (event.type === 'agent_message_chunk') {
        expect(here(machineId)).toBe(true)
        then(machineId)
        return machineId
      }
    }
    throw new Error('the agent said nothing')
  }

  /** Ends a run in one way, and answers how long its machine was still there. */
  const ways: Record<string, () => Promise<{ result?: RunResult; machineId: string; ms: number }>> = {
    async break() {
      let since = 0
      const running = stream(options(), place.skein)
      const machineId = await begun(running, () => {
        since = Date.now()
      })
      return { machineId, ms: Date.now() - since, result: await running.result }
    },
    async throw() {
      let since = 0
      let machineId = ''
      const running = begun(stream(options(), place.skein), (id) => {
        since = Date.now()
        machineId = id
        throw new Error('enough')
      })
      await expect(running).rejects.toThrow('enough')
      return { machineId, ms: Date.now() - since }
    },
    async dispose() {
      const running = stream(options(), place.skein)
      const events = running[Symbol.asyncIterator]()
      let machineId = ''
      for (
        let next = await events.next();
        !next.done && next.value.type !== 'agent_message_chunk';
        next = await events.next()
      )
        if (next.value.type === 'prepared') machineId = next.value.machineId
      const since = Date.now()
      await running[Symbol.asyncDispose]()
      return { machineId, ms: Date.now() - since, result: await running.result }
    },
    async 'abort twice'() {
      const controller = new AbortController()
      const running = stream(options({ signal: controller.signal }), place.skein)
      let since = 0
      let machineId = ''
      for await (const event of running) {
        if (event.type === 'prepared') machineId = event.machineId
        if (event.type !== 'agent_message_chunk' || since > 0) continue
        since = Date.now()
        controller.abort()
        queueMicrotask(() => controller.abort(new Error('now!')))
      }
      return { machineId, ms: Date.now() - since, result: await running.result }
    },
    async 'be silent'() {
      const running = stream(options({ prompt: 'hang', idleTimeout: 4_000 }), place.skein)
      let last = 0
      let machineId = ''
      for await (const event of running) {
        if (event.type === 'prepared') machineId = event.machineId
        last = Date.now()
      }
      return { machineId, ms: Date.now() - last - 4_000, result: await running.result }
    },
  }
  const outcomes: Record<string, string> = { 'be silent': 'timed_out' }

  it('match 18, 35, better 3, 4: its machine is gone within seconds, in whichever way it was left, and nothing is left of the work', async () => {
    const ends = await Promise.all(
      Object.entries(ways)
        .filter(([name]) => isThorough || name !== 'dispose')
        .map(async ([name, leave]) => ({ name, ...(await leave()) })),
    )
    for (const { name, machineId, ms, result } of ends) {
      expect(machineId, name).toMatch(/^elsewhere:/)
      expect(here(machineId), name).toBe(false)
      expect(ms, name).toBeLessThan(GONE_MS)
      if (result) expect(result, name).toMatchObject({ outcome: outcomes[name] ?? 'cancelled', destroyed: true })
    }
    expect(await place.skein.api.call('workspaces.list', {})).toEqual([])
  })

  it('better 2: a run that is cancelled while its machine is being made leaves none', async () => {
    const controller = new AbortController()
    place.there.hold = Promise.withResolvers()
    place.there.holding = false
    const running = place.skein.run(options({ signal: controller.signal }))
    await waitUntil(() => place.there.holding, { what: 'the machine to be asked for' })
    controller.abort()
    expect(await running).toMatchObject({ outcome: 'cancelled', destroyed: true, text: '' })
    place.there.hold = undefined
    expect(place.there.machines()).toEqual([])
  })

  it('match 19, 20: where a machine is refused the refusal is what is told, and nothing is left', async () => {
    place.there.refuse = 'no capacity in any region'
    await expect(place.skein.run(options())).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('no capacity in any region'),
    })
    place.there.refuse = undefined
    expect(place.there.machines()).toEqual([])
    expect(await place.skein.api.call('workspaces.list', {})).toEqual([])

    const before = await place.skein.run(options({ signal: AbortSignal.abort() }))
    expect(before).toMatchObject({
      outcome: 'cancelled',
      workspaceId: '',
      destroyed: true,
      error: { code: 'cancelled' },
    })
  })
})

describe('a process that dies in the middle of a run', { timeout: 180_000 }, () => {
  let place: LibraryPlace
  const children: { kill(signal: 'SIGKILL'): void }[] = []
  beforeAll(async () => {
    place = await libraryPlace((request) =>
      request.lastUserText === 'say hello'
        ? say('hello')
        : hang(undefined, text('I begin. '.repeat(20), { deltas: 20 })),
    )
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await place?.[Symbol.asyncDispose]()
  })

  async function program(name: string, what: 'exit' | 'stay', home?: string) {
    const folder = join(place.folder, name)
    await mkdir(folder)
    const options: RunOptions = { ...place.agent, repositories: place.repo, prompt: 'begin' }
    const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'library-program.ts'), what]
    const child = spawn(process.execPath, [...argv, JSON.stringify(options), ...(home === undefined ? [] : [home])], {
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const ended = once(child, 'exit')
    await once(createInterface({ input: child.stdout }), 'line')
    return { child, ended, folder }
  }

  it('match 18, better 1: leaves nothing, when it exits and when it is killed', async () => {
    const [exiting, killed] = await Promise.all([program('exiting', 'exit'), program('killed', 'stay')])
    expect((await processesUnder(killed.folder)).length).toBeGreaterThan(1)
    killed.child.kill('SIGKILL')
    await Promise.all([exiting.ended, killed.ended])
    const since = Date.now()
    for (const { folder } of [exiting, killed])
      await waitUntil(
        async () => {
          const left = (await readdir(folder)).filter((name) => name.startsWith('skein-run-'))
          return left.length === 0 && (await processesUnder(folder)).length === 0
        },
        { what: `everything in ${folder} to be gone`, timeout: GONE_MS, explain: () => processesUnder(folder) },
      )
    expect(Date.now() - since).toBeLessThan(GONE_MS)
  })

  it('better 1: and where its guard dies with it, whoever has the home next ends what it left', async () => {
    const home = join(place.folder, 'kept')
    const { child, ended } = await program('guarded', 'stay', home)
    const guards = (await processesUnder(home)).filter(({ command }) => command.includes('skein-guard'))
    expect(guards).toHaveLength(1)
    for (const { pid } of guards) process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
    await ended
    await using skein: Skein = await embed({ home })
    await waitUntil(async () => (await skein.api.call('workspaces.list', {})).length === 0, {
      what: 'the run of the dead process to be ended',
      timeout: 30_000,
    })
    // And the home is of use.
    expect(await skein.run({ ...place.agent, prompt: 'say hello' })).toMatchObject({ outcome: 'succeeded' })
  })
})
