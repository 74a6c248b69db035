import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import { processesUnder } from '../processes.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { waitUntil } from '../wait.ts'
import { testWithMachines } from './testing/fly-client.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

const NOBODY = 65534
const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

/** Needs root to become somebody else, and a repository that everybody can read. */
function canBeNobody(): boolean {
  const [program = '', ...args] = [...asNobody, process.execPath, MAIN, '--help']
  return process.getuid?.() === 0 && spawnSync(program, args).status === 0
}

/** Starts it, and reads the lines that a shell could evaluate. */
async function start(
  folder: string,
  as: readonly string[] = [],
): Promise<{ process: ChildProcess; api: string; token: string }> {
  const images = join(folder, 'images.json')
  await writeFile(images, JSON.stringify({ base: { cmd: ['sleep', '1000'], env: { MARKER: folder } } }))
  const [program = '', ...args] = [...as, process.execPath, MAIN, '--app', 'herd', '--images', images]
  const child = spawn(program, args, {
    env: { ...process.env, TMPDIR: folder, HOME: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: Record<string, string> = {}
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name = '', value = ''] = /^(\w+)='?([^']*)'?$/.exec(line) ?? []
    said[name] = value
    if (line.startsWith('# organisation')) break
  }
  return { process: child, api: `${said.FLY_FLAPS_BASE_URL}/v1/apps/herd/machines`, token: said.FLY_API_TOKEN ?? '' }
}

async function runMachine({ api, token }: { api: string; token: string }): Promise<void> {
  const headers = { authorization: token }
  const body = JSON.stringify({ config: { image: 'base' } })
  const created = (await (await fetch(api, { method: 'POST', headers, body })).json()) as { id: string }
  expect((await fetch(`${api}/${created.id}/wait`, { headers })).status).toBe(200)
}

testWithMachines('nothing of a machine survives the emulator, however it ends', async () => {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    await using folder = await temporaryFolder('fly-main')
    const emulator = await start(folder.path)
    await runMachine(emulator)
    const running = await processesUnder(folder.path)
    expect(running.map(({ command }) => command)).toContainEqual('sleep 1000')
    expect(running.map(({ command }) => command).join()).toContain('slirp4netns')
    emulator.process.kill(signal)
    await once(emulator.process, 'exit')
    await waitUntil(async () => (await processesUnder(folder.path)).length === 0, { what: 'the end of everything' })
  }
})

testWithMachines('another user than root has machines, too', async ({ skip }) => {
  if (!canBeNobody()) skip()
  await using folder = await temporaryFolder('fly-nobody')
  await chown(folder.path, NOBODY, NOBODY)
  await chmod(folder.path, 0o755)
  const emulator = await start(folder.path, asNobody)
  await runMachine(emulator)
  emulator.process.kill('SIGTERM')
  await once(emulator.process, 'exit')
})
