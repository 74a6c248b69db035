import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { claudeExecutable, temporaryFolder } from '@skein/testkit'
import { expect, test } from 'vitest'
import { probe } from './probe.ts'
import { execHere, execIn } from './testing/exec-here.ts'

/** A machine of which only these programs are on the PATH, beside the shell's own. */
async function onMachine(programs: Record<string, string>, extra: Record<string, string> = {}) {
  await using folder = await temporaryFolder('probe')
  const bin = join(folder.path, 'bin')
  await mkdir(bin)
  for (const name of ['sh', 'uname', 'head']) await symlink(`/bin/${name}`, join(bin, name)).catch(() => undefined)
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  return probe(execIn({ PATH: bin, HOME: folder.path, ...extra }))
}

const works = { bwrap: 'true', socat: 'true' }

test('the real Claude Code is found, with its version', async () => {
  const executable = claudeExecutable()
  await using folder = await temporaryFolder('probe-real')
  await symlink(executable, join(folder.path, 'claude'))
  const env = { PATH: `${folder.path}:${process.env.PATH}`, HOME: folder.path }
  const found = await probe(execIn(env))
  expect(found).toMatchObject({
    found: true,
    executable: join(folder.path, 'claude'),
    version: expect.stringMatching(/^2\.1\./),
  })
  expect(found.problems.filter(({ severity }) => severity === 'error')).toEqual([])
})

test('one that is missing is said so, with how to get it', async () => {
  const missing = await onMachine(works)
  expect(missing.found).toBe(false)
  expect(missing.problems).toMatchObject([{ severity: 'error', remedy: expect.stringContaining('npm install') }])
})

test('one that is too old is said so', async () => {
  const { problems } = await onMachine({ ...works, claude: 'echo "2.0.76 (Claude Code)"' })
  expect(problems).toContainEqual(
    expect.objectContaining({ severity: 'error', what: expect.stringContaining('2.0.76') }),
  )
})

test('one that does not start is said so, with what it says', async () => {
  const { problems } = await onMachine({ ...works, claude: 'echo "Illegal instruction" >&2; exit 132' })
  expect(problems[0]).toMatchObject({ severity: 'error', what: expect.stringContaining('Illegal instruction') })
})

const claude = 'echo "2.1.329 (Claude Code)"'

test('a sandbox is there only if it is complete and works', async () => {
  const login = { ANTHROPIC_API_KEY: 'x' }
  expect(await onMachine({ ...works, claude }, login)).toMatchObject({ sandboxAvailable: true, problems: [] })
  const without = await onMachine({ bwrap: 'true', claude }, login)
  expect(without).toMatchObject({ sandboxAvailable: false, problems: [{ severity: 'warning' }] })
  expect(without.problems[0]?.remedy).toContain('apt-get install socat')
  const forbidden = await onMachine({ ...works, bwrap: 'echo "Operation not permitted" >&2; exit 1', claude }, login)
  expect(forbidden).toMatchObject({ sandboxAvailable: false, problems: [{ severity: 'warning' }] })
  expect(forbidden.problems[0]?.remedy).toContain('namespaces')
})

test('credentials that are missing are hinted at', async () => {
  const { problems } = await onMachine({ ...works, claude })
  expect(problems).toMatchObject([{ severity: 'warning', what: expect.stringContaining('not logged in') }])
})

test('nothing on this machine makes a probe fail', async () => {
  await expect(probe(execHere)).resolves.toMatchObject({ problems: expect.any(Array) })
})
