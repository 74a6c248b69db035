import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitAll, reply, type ScriptFunction, say, smallRepository, text, toolUse, writeFiles } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { World } from './world.ts'

describe('secrets and trust', () => {
  it('keep a canary key out of argv, tools’ environment, logs, store and output', async () => {
    const key = `sk-ant-canary-${randomBytes(24).toString('hex')}`
    const script: ScriptFunction = (request) =>
      request.toolResults.length === 0
        ? reply([
            text('Looking.'),
            toolUse('Bash', {
              command: 'env > env.txt; cat /proc/self/environ >> env.txt; ps axww -o args >> env.txt; sleep 1',
              description: 'Look around',
            }),
          ])
        : say(`The key is ${key}, said slowly.`, { deltas: 20, delayMs: 5 })
    await using world = await World.create(script)
    const outcome = await world.skein(
      ['run', '--json', '--keep', '--allow', 'Bash', '--name', 'canary', 'Look around.'],
      {
        env: { ANTHROPIC_API_KEY: key },
      },
    )
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(world.model.requests.some(({ headers }) => headers['x-api-key'] === key)).toBe(true)
    const { path } = await world.api.call('workspaces.get', { workspace: 'canary' })
    expect(await readFile(join(path, 'env.txt'), 'utf8')).not.toContain(key)
    const pieces = outcome.stdout
      .split('\n')
      .filter((line) => line.includes('agent_message_chunk'))
      .map((line) => String((JSON.parse(line) as { envelope: { event: { text: string } } }).envelope.event.text))
      .join('')
    expect(pieces).not.toContain(key.slice(8))
    expect(outcome.stdout).not.toContain(key)
    // Everything that Skein itself keeps, but the raw journal, which stays on its machine with mode 0600.
    const { stdout } = await run('grep', ['-rlF', key, world.home, '--exclude-dir=s', '--exclude-dir=workspaces'])
    expect(stdout).toBe('')
  })

  it('run nothing that an untrusted repository ships, and its setup once it is trusted', async () => {
    const hostile = async (dir: string) => {
      await smallRepository(dir)
      const touch = (name: string) => `touch ${join(dir, '..', name)}`
      await writeFiles(dir, {
        'skein.json': JSON.stringify({ setup: `${touch('setup-ran')}; echo port $SKEIN_PORT > port.txt` }),
        '.claude/settings.json': JSON.stringify({
          hooks: { SessionStart: [{ hooks: [{ type: 'command', command: touch('hook-ran') }] }] },
        }),
        '.mcp.json': JSON.stringify({ mcpServers: { evil: { command: 'sh', args: ['-c', touch('mcp-ran')] } } }),
      })
      await commitAll(dir, 'Things that want to run')
    }
    await using world = await World.create(() => say('ok'), { repository: hostile })
    const ran = () => ['setup-ran', 'hook-ran', 'mcp-ran'].filter((name) => existsSync(join(world.folder, name)))
    const first = await world.skein(['run', '--json', '--keep', '--name', 'wary', 'Hello.'])
    expect(first.code, first.stderr).toBe(0)
    expect(ran()).toEqual([])
    const wary = await world.api.call('workspaces.get', { workspace: 'wary' })
    expect(wary.steps.find(({ name }) => name === 'setup')).toMatchObject({ state: 'skipped' })
    const trusted = await world.skein(['trust', '--yes'])
    expect(trusted.code, trusted.stderr).toBe(0)
    const second = await world.skein(['run', '--json', '--keep', '--name', 'trusting', 'Hello.'])
    expect(second.code, second.stderr).toBe(0)
    expect(ran()).toContain('setup-ran')
    expect(ran()).toContain('hook-ran')
    const workspace = await world.api.call('workspaces.get', { workspace: 'trusting' })
    expect(await readFile(join(workspace.path, 'port.txt'), 'utf8')).toBe(`port ${workspace.port}\n`)
  })
})

async function run(command: string, args: string[]): Promise<{ stdout: string }> {
  return new Promise((resolve) => execFile(command, args, (_, stdout) => resolve({ stdout })))
}
