import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LaunchOptions } from '@skein/plugin-api'
import { plans, type Script, say, useTool } from '@skein/testkit'
import { expect, test } from 'vitest'
import { claudeAgent } from './index.ts'
import { execHere } from './testing/exec-here.ts'
import type { LiveSession } from './testing/live-session.ts'
import { type Setting, withClaude } from './testing/with-claude.ts'

const { sandboxAvailable } = await claudeAgent.probe(execHere)

/** A session in the sandbox, unless the options say otherwise. */
function inSandbox(
  script: Script,
  options: Partial<LaunchOptions>,
  check: (setting: Omit<Setting, 'open'> & { session: LiveSession }) => Promise<void>,
): Promise<void> {
  return withClaude(script, ({ open, ...setting }) => {
    const sandboxed = { permissionMode: 'sandboxed' as const, sandboxAvailable: true, denyRead: [setting.secrets] }
    return check({ ...setting, session: open({ ...sandboxed, ...options }).start() })
  })
}

/** The prompt is the command; what it said is the answer. */
const runs: Script = (request) =>
  request.toolResults.length > 0
    ? say(request.toolResults[0]?.text ?? '')
    : useTool('Bash', {
        command: request.lastUserText.replace(/^outside: /, ''),
        description: 'Run it',
        ...(request.lastUserText.startsWith('outside: ') ? { dangerouslyDisableSandbox: true } : {}),
      })

test.runIf(sandboxAvailable)(
  'in the sandbox commands write in the workspace alone, unasked, and do not read what is denied',
  () =>
    inSandbox(runs, {}, async ({ cwd, secrets, session }) => {
      await session.turn('echo in > in.txt')
      expect(await readFile(join(cwd, 'in.txt'), 'utf8')).toBe('in\n')
      const outside = join(cwd, '..', 'out.txt')
      expect((await session.turn(`echo out > ${outside}`)).result).toMatch(/read-only file system/i)
      expect((await session.turn(`cat ${secrets}/key`)).result).not.toContain('SECRET')
      expect(session.all('permission_request')).toEqual([])
      expect(session.all('current_mode_update').map(({ modeId }) => modeId)).toEqual(['sandboxed'])

      session.prompt(`outside: echo out > ${outside}`)
      const request = await session.next('permission_request')
      expect(existsSync(outside)).toBe(false)
      session.answer(request, { outcome: 'allow' })
      await session.next('turn_ended')
      expect(existsSync(outside)).toBe(true)
    }),
)

test.runIf(sandboxAvailable)('another mode switches the sandbox off, and back on with what it forbids', () =>
  inSandbox(runs, {}, async ({ cwd, secrets, session }) => {
    await session.turn('true')
    session.send({ type: 'set_mode', id: 's1', mode: 'ask' })
    session.prompt('touch asked.txt')
    session.answer(await session.next('permission_request'), { outcome: 'allow' })
    await session.next('turn_ended')
    expect(existsSync(join(cwd, 'asked.txt'))).toBe(true)
    session.send({ type: 'set_mode', id: 's2', mode: 'sandboxed' })
    await session.next('current_mode_update', ({ modeId }) => modeId === 'sandboxed')
    expect((await session.turn(`cat ${secrets}/key`)).result).not.toContain('SECRET')
    expect(session.all('permission_request')).toHaveLength(1)
    expect(session.all('current_mode_update').map(({ modeId }) => modeId)).toEqual(['sandboxed', 'ask', 'sandboxed'])
  }),
)

test.runIf(sandboxAvailable)('an approved plan goes on in the sandbox', () =>
  inSandbox(plans('# Plan\n', 'planned.txt'), { permissionMode: 'plan' }, async ({ cwd, session }) => {
    session.prompt('plan it')
    session.answer(await session.next('permission_request'), { outcome: 'allow' })
    expect(await session.next('turn_ended')).toMatchObject({ result: 'I followed the plan.' })
    expect(existsSync(join(cwd, 'planned.txt'))).toBe(true)
    expect(session.all('current_mode_update').map(({ modeId }) => modeId)).toEqual(['plan', 'sandboxed'])
    expect(session.all('permission_request')).toHaveLength(1)
  }),
)

test('Claude Code’s own file tools do not read what is denied either', () =>
  inSandbox(
    (request) =>
      request.toolResults.length > 0
        ? say(request.toolResults[0]?.text ?? '')
        : useTool('Read', { file_path: request.lastUserText }),
    { sandboxAvailable: false },
    async ({ secrets, session }) => {
      const { result } = await session.turn(join(secrets, 'key'))
      expect(result).toMatch(/denied/i)
      expect(result).not.toContain('SECRET')
    },
  ))
