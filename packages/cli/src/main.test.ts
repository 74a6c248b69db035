import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const skein = (args: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    encoding: 'utf8',
    input: '',
    env: { ...process.env, ...env },
  })

it('says its version and its help without touching anything', async () => {
  await using folder = await temporaryFolder('main')
  const home = join(folder.path, 'home')
  const version = skein(['--version'], { SKEIN_HOME: home })
  expect([version.status, version.stdout]).toEqual([0, '0.1.0\n'])
  const help = skein(['run', '--help'], { SKEIN_HOME: home })
  expect(help.status).toBe(0)
  expect(help.stdout).toContain('--permission-mode <mode>')
  expect(existsSync(home)).toBe(false)
})

it.each([
  [['run', '--no-such-option', 'x'], /unknown option '--no-such-option'/],
  [['no-such-command'], /unknown command 'no-such-command'/],
  [['run', '--timeout', 'soon', 'x'], /Give a time like/],
  [['run', '--max-cost', '-1', 'x'], /above zero/],
  [['run', '--permission-mode', 'yolo', 'x'], /Allowed choices are/],
  [['run', '--keep', '--rm', 'x'], /cannot be used with/],
  [['run'], /there is no prompt/],
  [['run', '--env', 'NOT_SET_ANYWHERE', 'x'], /not set here/],
  [['show'], /missing required argument 'workspace'/],
  [['completion', 'tcsh'], /bash, zsh and fish/],
])('%j is a usage error, told in words', (args, message) => {
  const { status, stderr, stdout } = skein(args)
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/^\s+at /m)
})

it('an error is a line of JSON with --json, and has a stack only with SKEIN_DEBUG', () => {
  const json = skein(['run', '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ type: 'error', error: { code: 'invalid' }, exitCode: 2 })
  expect(skein(['run'], { SKEIN_DEBUG: '1' }).stderr).toMatch(/^\s+at /m)
})

it('a credential in ANTHROPIC_BASE_URL is refused and not repeated', () => {
  const { status, stderr } = skein(['run', 'x'], { ANTHROPIC_BASE_URL: 'https://me:hunter2@example.org' })
  expect(status).toBe(2)
  expect(stderr).toContain('ANTHROPIC_BASE_URL')
  expect(stderr).not.toContain('hunter2')
})

it('whoever stops reading is no error', async () => {
  const child = spawn(process.execPath, [MAIN, 'completion', 'bash'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  expect(stderr).toBe('')
  expect(code).toBe(141)
})

it('no server is started to ask for its status, or to complete a name', async () => {
  await using folder = await temporaryFolder('main')
  const home = join(folder.path, 'home')
  const status = skein(['server', 'status', '--json'], { SKEIN_HOME: home })
  expect([status.status, JSON.parse(status.stdout)]).toEqual([1, { type: 'server', running: false }])
  expect(skein(['complete', 'workspaces'], { SKEIN_HOME: home })).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(existsSync(home)).toBe(false)
})
