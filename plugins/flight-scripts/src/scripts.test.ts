import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'
import { approveFlightScripts, fetchFlightScripts } from './remote-only/fetch-scripts.ts'
import type { ScriptForge } from './remote-only/forges.ts'
import { runScript } from './run-script.ts'
import { scriptProcess, shellOn } from './script-process.ts'
import { findScript, scriptFolder } from './scripts.ts'
import { parseFlightSettings } from './settings.ts'

async function project(folder: TemporaryFolder, files: Record<string, string>) {
  const path = join(folder.path, "ada's shop")
  await mkdir(join(path, '.flight'), { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(path, '.flight', name), text)
    await chmod(join(path, '.flight', name), 0o755)
  }
  return { id: 'p-1', name: 'shop', path }
}

it('must match 6: a template that is not blank beats the file of that script, for each script by itself', async () => {
  await using folder = await temporaryFolder('scripts')
  const at = await project(folder, { provision: '#!/bin/sh\n', connect: '#!/bin/sh\n' })
  const settings = parseFlightSettings({ connect: 'ssh host "$@"', provision: '  \n' })
  expect(findScript('connect', at, folder.path, settings)).toEqual({
    name: 'connect',
    command: 'ssh host "$@"',
    source: 'the setting `connect`',
  })
  const file = join(at.path, '.flight/provision')
  expect(findScript('provision', at, folder.path, settings)).toMatchObject({ source: file, path: file })
  expect(findScript('monitor', at, folder.path, settings)).toBeUndefined()
})

it('runs files and templates by a login shell, with arguments as they are', async () => {
  await using folder = await temporaryFolder('scripts')
  const at = await project(folder, { connect: '#!/bin/sh\nprintf "<%s>" "$@"\n' })
  const run = async (settings: Record<string, unknown>, args: string[]) => {
    const script = findScript('connect', at, folder.path, parseFlightSettings(settings))
    const started = scriptProcess(script?.command ?? '', args, { cwd: scriptFolder(at, folder.path) })
    expect(started.argv.slice(0, 3)).toEqual([shellOn(process.env.PATH), '-l', '-c'])
    return (await runScript('connect', started, { timeoutMs: 20_000 })).stdout
  }
  const argument = `cd "a b" && echo 'x' $HOME; exit`
  expect(await run({}, [argument])).toBe(`<${argument}>`)
  expect(await run({}, [])).toBe('<>')
  expect(await run({ connect: 'printf "[%s]" "$@"' }, [argument])).toBe(`[${argument}]`)
})

it('takes zsh, else bash, else sh', async () => {
  await using folder = await temporaryFolder('shells')
  const path = async (...shells: string[]) => {
    const bin = join(folder.path, `with-${shells.join('-')}`)
    await mkdir(bin)
    for (const shell of shells) await writeFile(join(bin, shell), '', { mode: 0o755 })
    return bin
  }
  const [both, bash, none] = [await path('bash', 'zsh'), await path('bash'), await path()]
  expect([shellOn(both), shellOn(bash), shellOn(none)]).toEqual([`${both}/zsh`, `${bash}/bash`, '/bin/sh'])
})

it('must match 7: a project without a clone ignores templates, and runs what was approved, in a folder of Skein’s', async () => {
  await using folder = await temporaryFolder('scripts')
  const forge: ScriptForge = { repository: 'acme/shop', read: async () => '#!/bin/sh\npwd\n' }
  const remote = { id: 'p-2', name: 'shop', path: '' }
  const settings = parseFlightSettings({ provision: 'echo template' })
  expect(findScript('provision', remote, folder.path, settings)).toBeUndefined()
  const { hash } = await fetchFlightScripts(folder.path, 'shop', forge)
  expect(findScript('provision', remote, folder.path, settings)).toBeUndefined()
  await approveFlightScripts(folder.path, 'shop', hash)
  const script = findScript('provision', remote, folder.path, settings)
  expect(script?.path).toBe(join(folder.path, 'flight/remote-scripts/shop/provision'))
  const started = scriptProcess(script?.command ?? '', [], { cwd: scriptFolder(remote, folder.path) })
  expect((await runScript('provision', started, { timeoutMs: 20_000 })).stdout.trim()).toBe(join(folder.path, 'flight'))
})

it.each([
  [{ provision: 5 }, /`provision`.* is 5/],
  [{ connectTimeoutSeconds: 0 }, /connectTimeoutSeconds/],
  [{ provisionTimeoutMinutes: 'x' }, /provisionTimeoutMinutes/],
  [{ reuse: 'yes' }, /reuse/],
  [{ provisions: 1 }, /provisions/],
])('refuses the settings %j', (given, message) => {
  expect(() => parseFlightSettings(given)).toThrow(message)
})
