import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { byPrompt, hang, processesUnder, remembers, say, text, useTool, waitUntil, writesFile } from '@skein/testkit'
import { attachSession, embed, listSessions, type NewSessionOptions } from 'skein'
import { describe, expect, it } from 'vitest'
import { elsewhere } from './elsewhere.ts'
import { libraryElsewhere, libraryPlace } from './library-place.ts'
import type { SessionProgram } from './library-session-program.ts'

const run = promisify(execFile)

const script = byPrompt({
  remember: remembers,
  write: (request, context) => writesFile('kept.txt', 'from the first turn\n')(request, context),
  look: (request) => {
    const [result] = request.toolResults
    if (result === undefined) return useTool('Read', { file_path: join(request.cwd, 'kept.txt') })
    return say(
      `${result.text.includes('from the first turn') ? 'It is there' : result.text} | ${request.userTexts.join(' | ')}`,
    )
  },
  slowly: () => say('slow '.repeat(30), { deltas: 30, delayMs: 20 }),
  hang: () => hang(undefined, text('I begin. '.repeat(20), { deltas: 20 })),
})

describe('a session', { timeout: 180_000 }, () => {
  it('match 37, 38, better 17, 18: is made by one process and goes on in two others, with its words and its files; between them nothing runs', async () => {
    await using place = await libraryPlace(script)
    const machines = join(place.folder, 'machines')
    const options: NewSessionOptions = { ...place.agent, permissionMode: 'bypass', repositories: place.repo }
    const turn = async (prompt: string, id?: string) => {
      const program: SessionProgram = {
        home: place.home,
        machines,
        options,
        prompt,
        ...(id === undefined ? {} : { id }),
      }
      const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'library-session-program.ts')]
      const { stdout } = await run(process.execPath, [...argv, JSON.stringify(program)])
      await waitUntil(async () => (await processesUnder(place.folder)).length === 0, {
        what: 'nothing to run between two turns',
        explain: () => processesUnder(place.folder),
      })
      return JSON.parse(stdout) as { id: string; text: string; outcome: string }
    }
    const first = await turn('write it')
    expect(first).toMatchObject({ outcome: 'succeeded', text: 'I wrote kept.txt.' })
    const second = await turn('remember two', first.id)
    expect(second).toMatchObject({ id: first.id, text: 'You said: write it | remember two' })
    const third = await turn('look now', first.id)
    expect(third.text).toMatch(/^It is there \| write it \| remember two \| look now/)
    expect(place.model.failures).toEqual([])

    const there = elsewhere(machines, { lifetime: 'workspace' })
    await using skein = await embed({ home: place.home, plugins: [there.plugin] })
    expect(await listSessions(skein)).toMatchObject([{ id: first.id, turns: 3, expired: false, state: 'hibernated' }])
    await using session = await attachSession(first.id, skein)
    expect(there.machines()).toHaveLength(1)
    expect(await session.destroy()).toEqual({ destroyed: true })
    expect(there.machines()).toEqual([])
    expect(await session.destroy()).toEqual({ destroyed: true })
    await expect(attachSession(first.id, skein)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('match 38, better 4, 17, 18: two prompts at once follow each other; one that is left is interrupted; failed ones leave nothing; unused ones go', async () => {
    await using place = await libraryElsewhere(script, { lifetime: 'workspace', kept: true })
    const { skein, there, agent } = place
    const options: NewSessionOptions = { ...agent, permissionMode: 'bypass', repositories: place.repo, on: place.on }

    there.refuse = 'no capacity'
    await expect(skein.createSession(options)).rejects.toMatchObject({ code: 'conflict' })
    there.refuse = undefined
    expect(await skein.listSessions()).toEqual([])
    expect(there.machines()).toEqual([])

    const session = await skein.createSession({ ...options, ttl: 600_000 })
    const [slow, fast] = await Promise.all([session.send('slowly please'), session.send('remember me')])
    expect(slow).toMatchObject({ outcome: 'succeeded', text: 'slow '.repeat(30) })
    expect(fast.text).toBe('You said: slowly please | remember me')
    const begun = (result: typeof slow) =>
      result.transcript.find(({ event }) => event.type === 'turn_started')?.seq ?? 0
    const ended = (result: typeof slow) => result.transcript.find(({ event }) => event.type === 'turn_ended')?.seq ?? 0
    expect(begun(fast)).toBeGreaterThan(ended(slow))

    const left = session.stream('hang there')
    for await (const event of left) if (event.type === 'agent_message_chunk') break
    expect(await left.result).toMatchObject({ outcome: 'cancelled' })
    expect(await session.send('remember that')).toMatchObject({ outcome: 'succeeded' })

    const { expiresAt = 0, usedAt, expired } = await session.info()
    expect(expiresAt - usedAt).toBe(600_000)
    expect(expired).toBe(false)
    await session.destroy()
    expect(there.machines()).toEqual([])

    await using _ = await skein.createSession({ ...options, on: place.on, ttl: 0, name: 'stays' })
    const unused = await skein.createSession({ ...options, ttl: 1, name: 'goes' })
    await unused[Symbol.asyncDispose]()
    const [goes] = (await skein.listSessions()).filter(({ name }) => name === 'goes')
    expect(goes?.expired).toBe(true)
    await skein.reap()
    await waitUntil(async () => (await skein.listSessions()).every(({ name }) => name === 'stays'), {
      what: 'the session that nobody used to go',
    })
    await waitUntil(() => there.machines().length === 1, { what: 'its machine to go' })
  })
})
