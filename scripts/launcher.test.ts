import { execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

/*
 * The real launcher and the real npm, in a checkout whose only dependency is a stand-in for the package `node`, so that an
 * install needs no network.
 */
const root = join(import.meta.dirname, '..')
let folder: string
let checkout: string
let manifest: Record<string, unknown>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skein-launcher-'))
  checkout = join(folder, 'a checkout')
  await mkdir(join(checkout, 'packages/cli/src'), { recursive: true })
  await mkdir(join(checkout, 'node-package'))
  await mkdir(join(checkout, 'scripts'))
  for (const file of ['skein', 'scripts/installed.ts']) await copyFile(join(root, file), join(checkout, file))
  manifest = { name: 'checkout', type: 'module', devDependencies: { node: 'file:node-package' } }
  await write('package.json', manifest)
  await write('node-package/package.json', { name: 'node', version: '1.0.0', bin: { node: 'node.sh' } })
  await writeFile(join(checkout, 'node-package/node.sh'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, {
    mode: 0o755,
  })
  await writeFile(
    join(checkout, 'packages/cli/src/main.ts'),
    "import { DatabaseSync } from 'node:sqlite'\nnew DatabaseSync(':memory:').close()\n" +
      'console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2) }))\n',
  )
  await npm('install', '--package-lock-only')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('the first run installs, says so on stderr, and runs the command as it was given', async () => {
  const args = ['run', 'a "b" $(c)\nd', '--', '--json', '']
  const { status, stdout, stderr } = await run(join(checkout, 'skein'), args)
  expect(stderr).toMatch(/^skein: setting up this checkout: .*\n$/)
  expect(JSON.parse(stdout)).toEqual({ cwd: folder, args })
  expect(status).toBe(0)
})

test('a later run installs nothing and says nothing of its own, not even about experimental features', async () => {
  await run(join(checkout, 'skein'))
  const { stderr } = await run(join(checkout, 'skein'), [], { PATH: '/usr/bin:/bin' })
  expect(stderr).toBe('')
})

test('works through a chain of symbolic links, absolute and relative', async () => {
  await npm('ci')
  await symlink(join(checkout, 'skein'), join(folder, 'first'))
  await symlink('first', join(folder, 'second'))
  expect(JSON.parse((await run(join(folder, 'second'), ['x'])).stdout)).toEqual({ cwd: folder, args: ['x'] })
})

test('installs again when the lock file asks for something else', async () => {
  await run(join(checkout, 'skein'))
  await write('node-package/package.json', { name: 'another', version: '1.0.0' })
  await npm('pkg', 'set', 'devDependencies.another=file:node-package')
  await write('node-package/package.json', { name: 'node', version: '1.0.0', bin: { node: 'node.sh' } })
  await npm('install', '--package-lock-only')
  expect((await run(join(checkout, 'skein'))).stderr).toContain('setting up this checkout')
  expect((await run(join(checkout, 'skein'))).stderr).toBe('')
})

test('a lock file that changes but asks for nothing else installs nothing', async () => {
  await run(join(checkout, 'skein'))
  await npm('pkg', 'set', 'version=2.0.0')
  await npm('install', '--package-lock-only')
  expect((await run(join(checkout, 'skein'))).stderr).toBe('')
})

test('what was installed by hand is used', async () => {
  await npm('ci')
  expect((await run(join(checkout, 'skein'))).stderr).toBe('')
})

test('a package that is gone, or of another version, is installed again', async () => {
  await run(join(checkout, 'skein'))
  await npm('ci')
  await rm(join(checkout, 'node_modules/node'))
  expect((await run(join(checkout, 'skein'))).stderr).toContain('setting up this checkout')
})

test('of first runs at the same time one installs and the others wait for it', async () => {
  const runs = await Promise.all(['1', '2', '3', '4'].map((name) => run(join(checkout, 'skein'), [name])))
  expect(runs.map(({ stdout }) => JSON.parse(stdout).args[0])).toEqual(['1', '2', '3', '4'])
  expect(runs.filter(({ stderr }) => stderr.includes('installing its dependencies'))).toHaveLength(1)
  expect((await readdir(checkout)).filter((name) => name.startsWith('.setup-lock'))).toEqual([])
})

test('the lock of a launcher that was killed is broken', async () => {
  const { pid, status } = await run('/bin/sh', ['-c', 'exit 0'])
  expect(status).toBe(0)
  await symlink(String(pid), join(checkout, '.setup-lock'))
  const runs = await Promise.all([
    run(join(checkout, 'skein')),
    run(join(checkout, 'skein')),
    run(join(checkout, 'skein')),
  ])
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0])
  expect(runs.filter(({ stderr }) => stderr.includes('installing its dependencies'))).toHaveLength(1)
  await expect(readlink(join(checkout, '.setup-lock'))).rejects.toThrow('ENOENT')
})

test("a failed install shows npm's output and is begun again by the next run", async () => {
  const lock = await readFile(join(checkout, 'package-lock.json'), 'utf8')
  await write('package-lock.json', { name: 'checkout', lockfileVersion: 3, packages: {} })
  const { status, stdout, stderr } = await run(join(checkout, 'skein'))
  expect(stderr).toContain('npm error')
  expect(stderr).toContain('skein: npm ci failed with status 1')
  expect(stdout).toBe('')
  expect(status).toBe(1)
  await writeFile(join(checkout, 'package-lock.json'), lock)
  expect((await run(join(checkout, 'skein'))).status).toBe(0)
})

test('an install that is interrupted releases its lock and is begun again by the next run', async () => {
  await write('package.json', { ...manifest, scripts: { preinstall: WAITING } })
  const child = spawn(join(checkout, 'skein'), { cwd: folder, stdio: 'ignore', detached: true })
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  await expect.poll(async () => await readdir(checkout), { timeout: 30_000 }).toContain('started')
  // As Ctrl-C does: the whole group of the terminal.
  process.kill(-(child.pid ?? 0), 'SIGINT')
  expect(await ended).toBe(130)
  expect(await readdir(checkout)).not.toContain('.setup-lock')
  await write('package.json', manifest)
  expect((await run(join(checkout, 'skein'))).status).toBe(0)
})

test('without Node it says what to install', async () => {
  const bin = await toolsWithoutNode()
  const { status, stderr } = await run(join(checkout, 'skein'), [], { PATH: bin })
  expect(stderr).toContain('there is no node on your PATH')
  expect(stderr).toContain('Install Node.js 20 or newer')
  expect(status).toBe(1)
})

test('with a Node that is too old it says which it found', async () => {
  const bin = await toolsWithoutNode()
  for (const name of ['node', 'npm']) await writeFile(join(bin, name), '#!/bin/sh\necho v18.19.0\n', { mode: 0o755 })
  const { status, stderr } = await run(join(checkout, 'skein'), [], { PATH: bin })
  expect(stderr).toContain('your Node.js is v18.19.0, and 20 or newer is needed')
  expect(status).toBe(1)
})

/** An install script that waits. One process, so that a signal cannot come between two of them. */
const WAITING = `node -e "require('fs').writeFileSync('started', ''); setTimeout(() => {}, 600000)"`

/** A PATH that has what a bare system has, and no Node. */
async function toolsWithoutNode(): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  for (const tool of ['sh', 'readlink', 'cmp', 'cp', 'cat', 'rm', 'ln', 'mktemp', 'sleep', 'ps']) {
    await symlink((await run('/bin/sh', ['-c', `command -v ${tool}`])).stdout.trim(), join(bin, tool))
  }
  return bin
}

async function write(path: string, json: unknown): Promise<void> {
  await writeFile(join(checkout, path), JSON.stringify(json))
}

async function npm(...args: string[]): Promise<void> {
  const { status, stderr } = await run('npm', [...args, '--no-audit', '--no-fund'], {}, checkout)
  expect(status, stderr).toBe(0)
}

type Ended = { pid: number | undefined; status: number | null; stdout: string; stderr: string }

/** Runs a program to its end in the temporary folder, with a HOME of its own. */
function run(program: string, args: string[] = [], env: Record<string, string> = {}, cwd = folder): Promise<Ended> {
  const path = process.env.PATH ?? ''
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { cwd, env: { PATH: path, HOME: folder, ...env } },
      (_error, stdout, stderr) => resolve({ pid: child.pid, status: child.exitCode, stdout, stderr }),
    )
  })
}
