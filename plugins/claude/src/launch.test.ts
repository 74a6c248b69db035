import type { LaunchOptions } from '@skein/plugin-api'
import { describe, expect, test } from 'vitest'
import { launch } from './launch.ts'

const plain: LaunchOptions = {
  nativeSessionId: 'new-id',
  start: { how: 'new' },
  cwd: '/home/user/project',
  additionalFolders: [],
  permissionMode: 'sandboxed',
  allowedTools: [],
  disallowedTools: [],
  trusted: false,
  sandboxAvailable: true,
  isolatedMachine: false,
  root: false,
  env: { PATH: '/usr/bin', HOME: '/home/user' },
  secrets: {},
  executable: '/usr/bin/claude',
  denyRead: ['/home/user/.skein'],
}

/** What follows a flag in argv. */
function valueAfter(argv: readonly string[], flag: string): string | undefined {
  const at = argv.indexOf(flag)
  return at === -1 ? undefined : argv[at + 1]
}

function settingsOf(options: Partial<LaunchOptions>) {
  return JSON.parse(launch({ ...plain, ...options }).files?.['settings.json'] ?? '')
}

test('the command line is what Claude Code’s own SDK builds, and holds flags and ids alone', () => {
  const { argv } = launch({ ...plain, appendSystemPrompt: 'a prompt', jsonSchema: { secret: 1 } })
  expect(argv).toEqual([
    '/usr/bin/claude',
    ...['-p', '--output-format', 'stream-json', '--input-format', 'stream-json', '--verbose'],
    ...['--permission-prompt-tool', 'stdio', '--permission-mode', 'acceptEdits'],
    ...['--include-partial-messages', '--forward-subagent-text', '--replay-user-messages'],
    ...['--session-id', 'new-id', '--settings', '{dir}/settings.json'],
    ...['--setting-sources', 'user', '--strict-mcp-config'],
  ])
})

test('a conversation is begun, resumed or forked, here or at a message', () => {
  const args = (start: LaunchOptions['start']) => {
    const { argv } = launch({ ...plain, start })
    return argv.slice(argv.indexOf('--replay-user-messages') + 1, argv.indexOf('--settings'))
  }
  expect(args({ how: 'new' })).toEqual(['--session-id', 'new-id'])
  expect(args({ how: 'resume' })).toEqual(['--resume', 'new-id'])
  expect(args({ how: 'fork', from: 'old-id' })).toEqual([
    '--resume',
    'old-id',
    '--fork-session',
    '--session-id',
    'new-id',
  ])
  expect(args({ how: 'fork', from: 'old-id', atMessage: 'm9' }).slice(-2)).toEqual(['--resume-session-at', 'm9'])
})

describe('modes', () => {
  for (const [permissionMode, native, sandboxed] of [
    ['sandboxed', 'acceptEdits', true],
    ['ask', 'default', false],
    ['accept_edits', 'acceptEdits', false],
    ['plan', 'plan', true],
  ] as const)
    test(`${permissionMode} is ${native}, ${sandboxed ? 'in the' : 'without'} sandbox`, () => {
      expect(valueAfter(launch({ ...plain, permissionMode }).argv, '--permission-mode')).toBe(native)
      expect(settingsOf({ permissionMode }).sandbox).toEqual({
        enabled: sandboxed,
        autoAllowBashIfSandboxed: true,
        allowUnsandboxedCommands: true,
        filesystem: { denyRead: ['/home/user/.skein'] },
      })
    })

  test('where there is no sandbox, none is asked for', () =>
    expect(settingsOf({ sandboxAvailable: false })).not.toHaveProperty('sandbox'))

  test('bypass is refused on a machine that is not isolated, with what to do instead', () => {
    expect(() => launch({ ...plain, permissionMode: 'bypass' })).toThrow(
      expect.objectContaining({ code: 'invalid', next: expect.stringContaining('sandboxed') }),
    )
  })

  test('only an isolated machine may skip permissions, and only root there has to say that it is one', () => {
    const isolated = launch({ ...plain, permissionMode: 'bypass', isolatedMachine: true, root: true })
    expect(isolated.argv).toContain('--allow-dangerously-skip-permissions')
    expect(isolated.env.IS_SANDBOX).toBe('1')
    const user = launch({ ...plain, permissionMode: 'bypass', isolatedMachine: true })
    expect(user.env).not.toHaveProperty('IS_SANDBOX')
    const root = launch({ ...plain, root: true })
    expect(root.argv).not.toContain('--allow-dangerously-skip-permissions')
    expect(root.env).not.toHaveProperty('IS_SANDBOX')
  })
})

test('a trusted project’s own settings are read', () => {
  const { argv } = launch({ ...plain, trusted: true })
  expect(valueAfter(argv, '--setting-sources')).toBe('user,project,local')
  expect(argv).not.toContain('--strict-mcp-config')
})

test('what is chosen for a session is given', () => {
  const { argv } = launch({
    ...plain,
    model: 'opus',
    effort: 'high',
    maxTurns: 3,
    maxCost: 1.5,
    additionalFolders: ['/a', '/b'],
    allowedTools: ['Bash(npm test)', 'Read'],
    disallowedTools: ['WebFetch'],
  })
  expect(valueAfter(argv, '--model')).toBe('opus')
  expect(valueAfter(argv, '--effort')).toBe('high')
  expect(valueAfter(argv, '--max-turns')).toBe('3')
  expect(valueAfter(argv, '--max-budget-usd')).toBe('1.5')
  expect(argv.join(' ')).toContain('--add-dir /a --add-dir /b')
  expect(valueAfter(argv, '--allowedTools')).toBe('Bash(npm test),Read')
  expect(valueAfter(argv, '--disallowedTools')).toBe('WebFetch')
})

test('prompts, settings and secrets are neither in argv nor in the environment', () => {
  const secrets = {
    ANTHROPIC_API_KEY: 'canary-key',
    CLAUDE_CODE_OAUTH_TOKEN: 'canary-oauth',
    ANTHROPIC_AUTH_TOKEN: 'canary-bearer',
  }
  const { argv, env, files, secretFds, greeting } = launch({ ...plain, secrets, appendSystemPrompt: 'canary-prompt' })
  expect(JSON.stringify([argv, env])).not.toContain('canary')
  expect(secretFds).toEqual({ '3': 'canary-key', '4': 'canary-oauth' })
  expect(files?.['auth-token']).toBe('canary-bearer')
  expect(files?.['settings.json']).not.toContain('canary')
  expect(greeting[0]?.line).toContain('canary-prompt')
  expect(greeting[0]?.line).not.toContain('canary-key')
})

test('a session is kept for long and its questions wait', () =>
  expect(settingsOf({})).toMatchObject({
    cleanupPeriodDays: 3650,
    dialogExpiry: 'never',
    permissions: { deny: ['Read(//home/user/.skein)', 'Read(//home/user/.skein/**)'] },
  }))
