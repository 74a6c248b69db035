import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { textOf } from '@skein/protocol'
import {
  changeNastyTree,
  claudeExecutable,
  nastyTree,
  type ScriptFunction,
  say,
  streamsLong,
  waitUntil,
  writesFile,
} from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { cloneState, gitIn, jsonLines } from './cli-output.ts'
import { noisePng } from './picture.ts'
import { World } from './world.ts'

describe('skein run', () => {
  it('streams as the model speaks, ends with exit 0, and touches nothing of the person’s clone but a new branch', async () => {
    const script: ScriptFunction = (request, context) =>
      request.toolResults.length > 0
        ? streamsLong(100, 20)(request, context)
        : writesFile('hello.txt')(request, context)
    await using world = await World.create(script)
    await writeFile(join(world.repo, 'README.md'), 'edited, not committed\n')
    await writeFile(join(world.repo, 'untracked.txt'), 'untracked\n')
    const before = await cloneState(world.repo)
    const run = world.start(['run', '--json', 'Say hello, at length.'])
    let firstChunk: number | undefined
    run.child.stdout?.on('data', (bytes: Buffer | string) => {
      if (firstChunk === undefined && bytes.includes('agent_message_chunk')) firstChunk = performance.now()
    })
    const outcome = await run.ended
    const end = performance.now()
    expect(outcome.stderr).toBe('')
    expect(outcome.code).toBe(0)
    const lines = jsonLines(outcome)
    expect(end - (firstChunk ?? end)).toBeGreaterThan(1000)
    const result = lines.at(-1)
    expect(result).toMatchObject({ type: 'result', stopReason: 'end_turn', exitCode: 0, left: 'workspace' })
    expect(result?.files).toMatchObject([{ path: 'hello.txt', status: 'added' }])
    const after = await cloneState(world.repo)
    const branch = `refs/heads/${String(result?.branch)} `
    expect({
      ...after,
      branches: after.branches
        ?.split('\n')
        .filter((line) => !line.startsWith(branch))
        .join('\n'),
    }).toEqual(before)
    expect(after.branches).toContain(branch)
  })

  it('removes its workspace when nothing was changed', async () => {
    await using world = await World.create(() => say('Nothing to do.'))
    const outcome = await world.skein(['run', '--json', 'Look around.'])
    expect(outcome.code).toBe(0)
    expect(jsonLines(outcome).at(-1)).toMatchObject({ left: 'nothing' })
    await waitUntil(async () => (await world.api.call('workspaces.list', {})).length === 0, {
      what: 'the workspace to be gone',
    })
    expect(await gitIn(world.repo, 'branch', '--list', 'skein/*')).toBe('')
    expect((await gitIn(world.repo, 'worktree', 'list', '--porcelain')).match(/^branch/gm)).toHaveLength(1)
  })

  it('tells every kind of change in a diff that gives the same tree when it is applied', async () => {
    await using world = await World.create(() => say('ok'), { repository: nastyTree })
    const outcome = await world.skein(['run', '--json', '--keep', '--name', 'nasty', 'Wait.'])
    expect(outcome.code).toBe(0)
    const { path, base } = await world.api.call('workspaces.get', { workspace: 'nasty' })
    await changeNastyTree(path)
    const diff = await world.skein(['diff', 'nasty', '--json'])
    const patch = jsonLines(diff)
      .map((line) => String(line.patch ?? ''))
      .join('')
    const other = join(world.folder, 'applied')
    await gitIn(world.repo, 'worktree', 'add', '-q', '--detach', other, base)
    await writeFile(join(world.folder, 'work.patch'), patch)
    await gitIn(other, 'apply', '--binary', '--index', join(world.folder, 'work.patch'))
    const wanted = join(world.folder, 'wanted')
    await gitIn(world.repo, 'worktree', 'add', '-q', '--detach', wanted, base)
    await gitIn(wanted, 'rm', '-rq', '.')
    await cp(path, wanted, { recursive: true, verbatimSymlinks: true, filter: (from) => from !== join(path, '.git') })
    await gitIn(wanted, 'add', '-A')
    expect(await gitIn(other, 'write-tree')).toBe(await gitIn(wanted, 'write-tree'))
  })

  it('brings a 1 MB prompt to the model unchanged', { timeout: 120_000 }, async () => {
    const prompt = `${'The quick brown fox – «ünïcode» 🧶. '.repeat(27_000)}END`
    await using world = await World.create(() => say('Got it.'))
    await writeFile(join(world.folder, 'prompt.txt'), prompt)
    const outcome = await world.skein(['run', '--json', '--file', join(world.folder, 'prompt.txt')])
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(world.model.requests.some(({ userTexts }) => userTexts.includes(prompt))).toBe(true)
  })

  it('brings a 5 MB image to the agent byte for byte, and a small one to the model', { timeout: 120_000 }, async () => {
    const [large, small] = [noisePng(1300), noisePng(100)]
    expect(large.length).toBeGreaterThan(5_000_000)
    await using world = await World.create(() => say('Got it.'))
    await writeFile(join(world.folder, 'large.png'), large)
    await writeFile(join(world.folder, 'small.png'), small)
    // Claude Code makes large images smaller for the model, so what it was given is noted down on its way in.
    const folder = join(world.folder, 'noting')
    const noted = join(world.folder, 'stdin.ndjson')
    await mkdir(folder)
    const claude = claudeExecutable()
    await writeFile(
      join(folder, 'claude'),
      `#!/bin/sh\ncase $1 in -p) tee '${noted}' | '${claude}' "$@";; *) exec '${claude}' "$@";; esac\n`,
      { mode: 0o755 },
    )
    const pictures = ['--image', join(world.folder, 'large.png'), '--image', join(world.folder, 'small.png')]
    const outcome = await world.skein(['run', '--json', '--keep', '--name', 'pictures', ...pictures, 'Look.'], {
      env: { PATH: `${folder}:${world.env.PATH}` },
    })
    expect(outcome.code, outcome.stderr).toBe(0)
    expect((await readFile(noted, 'utf8')).includes(large.toString('base64'))).toBe(true)
    const sent = world.model.requests.flatMap(({ images }) => images)
    expect(sent).toHaveLength(2)
    expect(sent.some(({ data }) => data.equals(small))).toBe(true)
    const { sessions } = await world.api.call('workspaces.get', { workspace: 'pictures' })
    const asked = (await world.events(sessions[0]?.id ?? '')).find(({ event }) => event.type === 'user_message')?.event
    expect(asked).toMatchObject({ content: [{ type: 'text' }, { bytes: large.length }, { bytes: small.length }] })
  })

  it.each([
    ['quotes and substitutions', `"double" 'single' \`back\` $(touch /tmp/never) $HOME \\ %s`],
    ['newlines and tabs', 'one\n\n\ttwo\r\nthree '],
    ['a leading dash', '--rm -rf everything'],
    [
      'every other byte that is text',
      Array.from({ length: 0xff }, (_, n) => String.fromCharCode(n + 1))
        .join('')
        .replace('\r', ''),
    ],
  ])('brings a prompt with %s unchanged', async (_, prompt) => {
    await using world = await World.create(() => say('Got it.'))
    const outcome = await world.skein(['run', '--json', '-'], { stdin: prompt })
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(world.model.requests.map(({ lastUserText }) => lastUserText)).toContain(prompt)
  })

  it('runs 20 at once on one repository: 20 workspaces, no lock error, no shared port, whole transcripts', {
    timeout: 240_000,
  }, async () => {
    const script: ScriptFunction = (request, context) =>
      request.toolResults.length > 0
        ? streamsLong(50, 10)(request, context)
        : writesFile(`${request.lastUserText}.txt`)(request, context)
    await using world = await World.create(script)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => world.skein(['run', '--json', '--name', `many-${n}`, `task-${n}`])),
    )
    // On a busy machine a command may say that it waits for the server; it may not complain of anything.
    const complaints = outcomes.map(({ stderr }) => stderr.replace(/^skein: Waiting for the server of .*\n/, ''))
    expect(outcomes.map(({ code }, n) => [code, complaints[n]])).toEqual(outcomes.map(() => [0, '']))
    const workspaces = await world.api.call('workspaces.list', {})
    expect(new Set(workspaces.map(({ path }) => path)).size).toBe(20)
    expect(new Set(workspaces.map(({ port }) => port)).size).toBe(20)
    for (const workspace of workspaces) {
      const n = workspace.name.replace('many-', '')
      const events = await world.events(workspace.sessions[0]?.id ?? '')
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
      const said = events
        .flatMap(({ event }) => (event.type === 'agent_message' ? [textOf(event.content)] : []))
        .join('')
      expect(said.match(/\d{5}/g)).toHaveLength(50)
      expect(existsSync(join(workspace.path, `task-${n}.txt`))).toBe(true)
    }
  })
})
