import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text as read } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { ClaudeProcess } from '../claude-process.ts'
import { type Model, startModel } from '../model/server.ts'
import { git } from '../repositories/git.ts'
import { smallRepository } from '../repositories/small.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { DEMO_PROMPT, makeDemoProject } from './project.ts'
import { demo } from './script.ts'

interface Demo {
  claude: ClaudeProcess
  cwd: string
  model: Model
}

async function withDemo(args: string[], check: (demo: Demo) => Promise<void>, make = makeDemoProject): Promise<void> {
  await using folder = await temporaryFolder('demo')
  const cwd = await make(join(folder.path, 'orbit'))
  await using model = await startModel(demo)
  await using claude = new ClaudeProcess({ model, cwd, home: join(folder.path, 'home'), args })
  await check({ claude, cwd, model })
  expect(model.failures).toEqual([])
}

async function runTests(cwd: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--test'], { cwd, env: { PATH: process.env.PATH } })
  const output = await read(child.stdout)
  return { code: child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve))), output }
}

async function answerUnit(claude: ClaudeProcess, unit: string): Promise<void> {
  const ask = await claude.nextAsk('AskUserQuestion')
  claude.allow(ask, { ...ask.input, answers: { 'In which unit should --speed print?': unit } })
}

const ACCEPT_EDITS = { updatedPermissions: [{ type: 'setMode', mode: 'acceptEdits', destination: 'session' }] }

test('the project starts with a real bug and a missing feature', async () => {
  await using folder = await temporaryFolder('demo')
  const cwd = await makeDemoProject(folder.path)
  const { code, output } = await runTests(cwd)
  expect(code).toBe(1)
  expect(output).toMatch(/fail 4/)
  expect(await git(cwd, ['status', '--porcelain'])).toBe('')
})

test('question, plan, feedback, approval, edits: in the end the tests pass for real', () =>
  withDemo(['--permission-mode', 'plan'], async ({ claude, cwd }) => {
    claude.send(DEMO_PROMPT)
    await answerUnit(claude, 'km/h')
    const first = await claude.nextAsk('ExitPlanMode')
    expect(first.input.plan).toContain('second line in km/h')
    expect(await git(cwd, ['status', '--porcelain'])).toBe('')
    claude.deny(first, 'Please mention the README.\nAnd keep it short.')
    const second = await claude.nextAsk('ExitPlanMode')
    expect(second.input.plan).toContain('- Please mention the README.\n  And keep it short.')
    claude.allow(second, second.input, ACCEPT_EDITS)
    claude.allow(await claude.nextAsk('Bash'))

    expect(await claude.result()).toMatchObject({ result: expect.stringContaining('all four tests pass') })
    expect((await runTests(cwd)).code).toBe(0)
    expect((await git(cwd, ['diff', '--name-only'])).trim().split('\n')).toEqual(['src/cli.js', 'src/orbit.js'])
    expect(await git(cwd, ['diff'])).toContain('km/h')

    // Asked again, it finds that its work is done.
    claude.send('Once more, please.')
    claude.allow(await claude.nextAsk('Bash'))
    expect(await claude.result()).toMatchObject({ result: expect.stringContaining('nothing left to do') })
  }))

test('without plan mode it goes straight to the edits, and a denied one stops it; told to go on, it finishes', () =>
  withDemo([], async ({ claude, cwd }) => {
    claude.send(DEMO_PROMPT)
    claude.deny(await claude.nextAsk('AskUserQuestion'), 'you choose')
    claude.allow(await claude.nextAsk('Edit'))
    claude.deny(await claude.nextAsk('Edit'), 'leave the command line alone')
    expect(await claude.result()).toMatchObject({ result: expect.stringContaining('> leave the command line alone') })
    expect((await git(cwd, ['diff', '--name-only'])).trim()).toBe('src/orbit.js')

    claude.send('All right, go on.')
    claude.allow(await claude.nextAsk('Edit'))
    claude.allow(await claude.nextAsk('Edit'))
    claude.allow(await claude.nextAsk('Bash'))
    expect(await claude.result()).toMatchObject({ result: expect.stringContaining('all four tests pass') })
    expect(await git(cwd, ['diff'])).toContain('km/s')
  }))

test('when the tests may not be run it says that nothing is proved', () =>
  withDemo(['--permission-mode', 'acceptEdits'], async ({ claude }) => {
    claude.send(DEMO_PROMPT)
    await answerUnit(claude, 'mph, like my car')
    claude.deny(await claude.nextAsk('Bash'), 'no shell today')
    expect(await claude.result()).toMatchObject({
      result: expect.stringMatching(/could not run the tests[\s\S]*> no shell/),
    })
  }))

test('the tests run inside the sandbox of the agent without an ask', () =>
  withDemo(
    ['--permission-mode', 'acceptEdits', '--settings', '{"sandbox":{"enabled":true,"autoAllowBashIfSandboxed":true}}'],
    async ({ claude, cwd }) => {
      claude.send(DEMO_PROMPT)
      await answerUnit(claude, 'km/s')
      expect(await claude.result()).toMatchObject({ result: expect.stringContaining('all four tests pass') })
      expect((await runTests(cwd)).code).toBe(0)
    },
  ))

test('in another project it says that it is only the demo', () =>
  withDemo(
    [],
    async ({ claude, cwd }) => {
      expect(await claude.turn('Fix everything')).toMatchObject({ result: expect.stringContaining("Skein's demo") })
      expect(await git(cwd, ['status', '--porcelain'])).toBe('')
    },
    smallRepository,
  ))

test('comments of a review are written down where they belong, and the tests run again', () =>
  withDemo(['--permission-mode', 'acceptEdits'], async ({ claude, cwd }) => {
    claude.send(DEMO_PROMPT)
    await answerUnit(claude, 'km/s')
    claude.allow(await claude.nextAsk('Bash'))
    await claude.result()
    claude.send(
      [
        'src/orbit.js, line 14 (new):',
        '```\nexport function speed(altitude) {\n```',
        'Say what happens below the ground.',
        'src/cli.js, lines 2–3 (new):',
        "```\nimport { period, speed } from './orbit.js'\n\n```",
        'Sort these.\nThank you.',
        'Then run the tests.',
      ].join('\n\n'),
    )
    claude.allow(await claude.nextAsk('Bash'))
    expect(await claude.result()).toMatchObject({ result: expect.stringContaining('Your review is worked in') })
    const diff = await git(cwd, ['diff'])
    expect(diff).toContain('+// Review: Say what happens below the ground.\n+export function speed(altitude) {')
    expect(diff).toContain('+// Review: Sort these.\n')
  }))
