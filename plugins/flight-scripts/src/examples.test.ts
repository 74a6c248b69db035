import { execFileSync, spawnSync } from 'node:child_process'
import { appendFile, cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { git, hasSshd, startSshd } from '@skein/testkit'
import { expect, it } from 'vitest'
import { listFlightWorkspaces } from './list-workspaces.ts'
import { monitorFlight } from './monitor.ts'
import { FLIGHT_SCRIPTS } from './scripts.ts'
import { FlightWorld } from './testing/flight-world.ts'
import { ask, greet } from './testing/runner-greeting.ts'

const EXAMPLES = fileURLToPath(new URL('../../../examples/flight/', import.meta.url))
const KINDS = ['ec2', 'coder', 'docker', 'ssh']

it.each(KINDS)('the scripts for %s are complete, executable and well formed', async (kind) => {
  const folder = join(EXAMPLES, kind, '.flight')
  const files = await readdir(folder)
  expect(files).toEqual(expect.arrayContaining([...FLIGHT_SCRIPTS, 'worktree-setup']))
  for (const file of files) execFileSync('sh', ['-n', join(folder, file)])
  for (const name of FLIGHT_SCRIPTS) execFileSync('test', ['-x', join(folder, name)])
  const scripts = files.filter((file) => file !== 'config').map((file) => join(folder, file))
  const checked = spawnSync('shellcheck', ['--shell=sh', ...scripts], { encoding: 'utf8' })
  if (checked.error === undefined) expect(checked.stdout).toBe('')
})

it.skipIf(!hasSshd())('the scripts for an ssh host work with a real one', async () => {
  await using world = await FlightWorld.create()
  await using sshd = await startSshd({ folder: world.folder.path })
  const user = join(world.folder.path, 'u')
  await mkdir(join(user, '.ssh'), { recursive: true, mode: 0o700 })
  const home = process.env.HOME
  process.env.HOME = user
  try {
    const flight = join(world.project, '.flight')
    await cp(join(EXAMPLES, 'ssh/.flight'), flight, { recursive: true })
    await appendFile(join(flight, 'config'), `SSH_HOST=box\nSSH_OPTIONS="-F ${sshd.config}"\n`)
    await world.commit()
    await git(world.project, ['checkout', '--quiet', '-b', "skein/it's"])
    await git(world.project, ['commit', '--quiet', '--allow-empty', '--message', 'Only here'])
    const project = { id: 'p-1', name: 'shop', path: world.project }
    const machine = await world.make('one', { workspace: { name: 'one', branch: "skein/it's", project } })
    const { name } = machine.record
    expect(name).toMatch(/^skein-it-s-[0-9a-f]{6}$/)

    const { stream } = await greet(machine)
    const path = machine.checkout?.() ?? ''
    expect(path).toBe(join(sshd.home, 'flight/it_s_a_shop/work', name))
    expect(await git(path, ['log', '-1', '--format=%s %D'])).toMatch(/^Only here .*skein\/it's/)
    await ask(stream, 'runner.shutdown', { processes: 'stop' })
    stream.destroy()

    const site = { home: world.home, project, settings: {} }
    expect(await listFlightWorkspaces(site)).toEqual([name])
    expect(await monitorFlight({ ...site, workspace: name })).toMatchObject({
      services: [{ name: 'host', status: 'up' }],
    })
    await machine.destroy()
    expect(await listFlightWorkspaces(site)).toEqual([])
    expect(await world.listed()).toEqual([])
  } finally {
    process.env.HOME = home
    const master = ['-F', sshd.config, `-oControlPath=${user}/.ssh/flight-%C`, '-O', 'exit', 'box']
    spawnSync('ssh', master, { stdio: 'ignore' })
  }
})
