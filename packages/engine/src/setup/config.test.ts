import { execFileSync } from 'node:child_process'
import { SkeinError } from '@skein/protocol'
import { describe, expect, test } from 'vitest'
import { parseSkeinConfig, resolveSetup } from './config.ts'

const repository = (files: Record<string, string>) => async (path: string) => files[path] ?? null

function problemOf(config: unknown): string {
  try {
    parseSkeinConfig(typeof config === 'string' ? config : JSON.stringify(config))
  } catch (error) {
    expect(error).toBeInstanceOf(SkeinError)
    expect(error).toMatchObject({ code: 'invalid' })
    return (error as SkeinError).message
  }
  throw new Error('It was accepted')
}

describe('skein.json', () => {
  test('may say all of this', () => {
    const config = {
      $schema: './schema.json',
      setup: 'npm ci',
      teardown: 'docker compose down',
      checks: {
        test: { run: 'npm test', timeout: 300, afterTurn: true, fixRounds: 2 },
        lint: { run: 'npm run lint' },
      },
      services: { web: { run: 'npm start', port: 0, health: '/health', autostart: true } },
      include: ['.env', 'config/*.local.json'],
      pool: 2,
      env: { NODE_ENV: 'development' },
      agent: { agent: 'claude', model: 'opus', effort: 'high', permissionMode: 'plan' },
    }
    expect(parseSkeinConfig(JSON.stringify(config))).toEqual(config)
    expect(parseSkeinConfig('{}')).toEqual({})
  })

  test.each([
    [{ setpu: 'x' }, 'there is no key "setpu"; did you mean "setup"?'],
    [{ Check: {} }, 'there is no key "Check"; did you mean "checks"?'],
    [
      { checks: { test: { cmd: 'x', run: 'y' } } },
      'checks.test: there is no key "cmd", only run, timeout, afterTurn, fixRounds',
    ],
    [{ checks: { test: { rnu: 'x', run: 'y' } } }, 'checks.test: there is no key "rnu"; did you mean "run"?'],
    [{ agent: { permissionsMode: 'ask' } }, 'agent: there is no key "permissionsMode"; did you mean "permissionMode"?'],
  ])('%j is told with the nearest key', (config, problem) => {
    expect(problemOf(config)).toContain(problem)
  })

  test.each([
    [{ setup: ['npm', 'ci'] }, 'setup: '],
    [{ setup: '  ' }, 'setup: '],
    [{ checks: { test: '' } }, 'checks.test'],
    [{ services: { web: { run: 'x', health: 'health' } } }, 'services.web.health: '],
    [{ checks: { 'a b': { run: 'x' } } }, 'checks.a b: '],
    [{ pool: 1000 }, 'pool: '],
    [{ env: { 'A-B': 'x' } }, 'env.A-B: '],
    [{ env: { A: 1 } }, 'env.A: '],
    ['{"setup": "x",}', 'it is not JSON'],
    ['[]', 'skein.json: '],
  ])('%j is told with its place', (config, place) => {
    expect(problemOf(config)).toContain(place)
  })

  test('a check or a service may be its command alone', () => {
    expect(parseSkeinConfig('{"checks":{"test":"npm test"},"services":{"web":"npm start"}}')).toEqual({
      checks: { test: { run: 'npm test' } },
      services: { web: { run: 'npm start' } },
    })
  })

  test('cannot ask for an agent without permissions', () => {
    expect(problemOf({ agent: { permissionMode: 'bypass' } })).toContain('agent.permissionMode')
  })
})

describe('the setup script', () => {
  const flight = 'echo from flight'
  const conductor = JSON.stringify({ scripts: { setup: 'echo from conductor', run: 'x' }, runScriptMode: 'concurrent' })

  test('is that of skein.json, before all others', async () => {
    const files = { 'skein.json': '{"setup":"npm ci"}', '.flight/worktree-setup': flight, 'conductor.json': conductor }
    expect(await resolveSetup(repository(files))).toEqual({
      source: 'skein.json',
      argv: ['sh', '-ec', 'npm ci'],
      env: {},
    })
  })

  test('of .flight is fed to zsh, its errors into its output', async () => {
    const files = { 'skein.json': '{"env":{"A":"1"}}', '.flight/worktree-setup': flight, 'conductor.json': conductor }
    expect(await resolveSetup(repository(files))).toEqual({
      source: '.flight/worktree-setup',
      argv: ['zsh', '-s'],
      stdin: 'exec 2>&1\necho from flight',
      env: { A: '1' },
    })
  })

  test('of conductor.json is the last choice', async () => {
    expect(await resolveSetup(repository({ '.flight/worktree-setup': ' \n', 'conductor.json': conductor }))).toEqual({
      source: 'conductor.json',
      argv: ['zsh', '-c', 'echo from conductor'],
      env: {},
    })
  })

  test('is absent where nothing has one', async () => {
    expect(await resolveSetup(repository({}))).toBeNull()
    expect(await resolveSetup(repository({ 'skein.json': '{"pool":1}', 'conductor.json': '{}' }))).toBeNull()
  })

  test('is not guessed from files that cannot be understood', async () => {
    await expect(resolveSetup(repository({ 'skein.json': '{' }))).rejects.toMatchObject({ code: 'invalid' })
    await expect(resolveSetup(repository({ 'conductor.json': '{"scripts":{"setup":1}}' }))).rejects.toThrow(
      'scripts.setup',
    )
  })

  test('of skein.json stops at the first command that fails; one of .flight goes on, with a shebang that means nothing', async () => {
    const shell = async (files: Record<string, string>) => {
      const setup = await resolveSetup(repository(files))
      const argv = setup?.argv.slice(1) ?? []
      try {
        return execFileSync('sh', argv, { input: setup?.stdin ?? '', encoding: 'utf8', stdio: 'pipe' })
      } catch (error) {
        return `failed: ${(error as { stdout: string }).stdout}`
      }
    }
    expect(await shell({ 'skein.json': JSON.stringify({ setup: 'echo one\nfalse\necho two' }) })).toBe('failed: one\n')
    const script = '#!/usr/bin/env python3\necho one\nfalse\necho two >&2'
    expect(await shell({ '.flight/worktree-setup': script })).toBe('one\ntwo\n')
  })
})
