import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'
import { approvedScript } from './approved.ts'
import { approveFlightScripts, fetchFlightScripts, forgetFlightScripts } from './fetch-scripts.ts'
import { forgejoForge, githubForge, parseRepository, type ScriptForge } from './forges.ts'

function forgeOf(files: Record<string, string>): ScriptForge {
  return { repository: 'acme/shop', read: async (path) => files[path.replace('.flight/', '')] }
}

const BOTH = { provision: '#!/bin/sh\necho ws\n\n\n', connect: '#!/bin/sh\nexec ssh host "$1"\n' }

it.each([['provision'], ['connect']] as const)(
  'must match 2: without %s nothing is kept, and the message says what could not be fetched',
  async (name) => {
    await using folder = await temporaryFolder('fetch')
    const { [name]: _, ...files } = BOTH
    await expect(fetchFlightScripts(folder.path, 'shop', forgeOf(files))).rejects.toMatchObject({
      message: `Couldn't fetch .flight/${name} from acme/shop: it is not there`,
    })
    expect(existsSync(join(folder.path, 'flight'))).toBe(false)
  },
)

it.each([
  'acme/shop',
  'github.com/acme/shop',
  'https://github.com/acme/shop.git',
  'git@github.com:acme/shop.git',
  'https://user@github.com/acme/shop/',
  'ssh://git@github.com/acme/shop.git',
])('must match 3: %s is acme/shop', (input) => {
  expect(parseRepository(input)).toMatchObject({ owner: 'acme', repo: 'shop' })
})

it('must match 4, 5: optional scripts may be missing or fail; approved scripts are executable', async () => {
  await using folder = await temporaryFolder('fetch')
  const forge: ScriptForge = {
    repository: 'acme/shop',
    read: async (path) => {
      if (path === '.flight/monitor') throw new Error('500')
      return forgeOf(BOTH).read(path)
    },
  }
  const fetched = await fetchFlightScripts(folder.path, 'shop', forge)
  expect(fetched.changes.map(({ name, kind }) => [name, kind])).toEqual([
    ['provision', 'added'],
    ['connect', 'added'],
  ])
  await approveFlightScripts(folder.path, 'shop', fetched.hash)
  const path = approvedScript(folder.path, 'shop', 'provision') ?? ''
  expect(statSync(path).mode & 0o777).toBe(0o755)
  // Trailing blank lines are not kept.
  expect(readFileSync(path, 'utf8')).toBe('#!/bin/sh\necho ws\n')
})

it('must match 5, must be better 20: a change is told once, shown as a diff, and runs only when that was approved', async () => {
  await using folder = await temporaryFolder('fetch')
  const fetch = (files: Record<string, string>) => fetchFlightScripts(folder.path, 'shop', forgeOf(files))
  const current = () => readFileSync(approvedScript(folder.path, 'shop', 'connect') ?? '', 'utf8')
  const first = await fetch(BOTH)
  expect(first).toMatchObject({ news: true })
  expect(first.changes[0]?.diff).toBe('--- /dev/null\n+++ b/.flight/provision\n@@ -0,0 +1,2 @@\n+#!/bin/sh\n+echo ws\n')
  await approveFlightScripts(folder.path, 'shop', first.hash)
  expect(await fetch(BOTH)).toEqual({ hash: first.hash, changes: [], news: false })

  const changed = { ...BOTH, connect: '#!/bin/sh\nexec ssh other "$1"\n' }
  const second = await fetch(changed)
  expect(second).toMatchObject({ news: true, changes: [{ name: 'connect', kind: 'changed' }] })
  expect(second.changes[0]?.diff).toContain('-exec ssh host "$1"\n+exec ssh other "$1"\n')
  expect(await fetch(changed)).toEqual({ ...second, news: false })
  expect(current()).toBe(BOTH.connect)

  // What was shown is approved, not what came after it.
  const third = await fetch({ ...BOTH, connect: '#!/bin/sh\nrm -rf /\n' })
  await expect(approveFlightScripts(folder.path, 'shop', second.hash)).rejects.toMatchObject({ code: 'conflict' })
  expect(current()).toBe(BOTH.connect)
  await fetch(changed)
  await approveFlightScripts(folder.path, 'shop', second.hash)
  expect(current()).toBe(changed.connect)
  expect(third.hash).not.toBe(second.hash)

  // Back to what is approved: nothing to look at. Gone from the repository: stays as it was approved.
  expect((await fetch(changed)).changes).toEqual([])
  expect((await fetch({ provision: BOTH.provision })).changes).toEqual([])
  expect(current()).toBe(changed.connect)
})

it('must be better 20: refuses a script that was changed behind the approval', async () => {
  await using folder = await temporaryFolder('fetch')
  const { hash } = await fetchFlightScripts(folder.path, 'shop', forgeOf(BOTH))
  await approveFlightScripts(folder.path, 'shop', hash)
  writeFileSync(approvedScript(folder.path, 'shop', 'connect') ?? '', '#!/bin/sh\nevil\n')
  expect(() => approvedScript(folder.path, 'shop', 'connect')).toThrow('is not the script that was approved')
  await forgetFlightScripts(folder.path, 'shop')
  expect(approvedScript(folder.path, 'shop', 'connect')).toBeUndefined()
  expect(() => approvedScript(folder.path, '../shop', 'connect')).toThrow('is no name of a project')
})

it('reads from GitHub by gh', async () => {
  await using folder = await temporaryFolder('fetch')
  const bin = join(folder.path, 'bin')
  await mkdir(bin)
  writeFileSync(
    join(bin, 'gh'),
    `#!/bin/sh
case "$*" in
  "api repos/acme/shop/contents/.flight/connect -H Accept: application/vnd.github.raw") echo "#!/bin/sh";;
  *teardown*) echo "gh: Not Found (HTTP 404)" >&2; exit 1;;
  *) echo "gh: Bad credentials (HTTP 401)" >&2; exit 1;;
esac
`,
    { mode: 0o755 },
  )
  const forge = githubForge('acme', 'shop', { PATH: `${bin}:/usr/bin:/bin` })
  expect(await forge.read('.flight/connect')).toBe('#!/bin/sh\n')
  expect(await forge.read('.flight/teardown')).toBeUndefined()
  await expect(forge.read('.flight/list')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('Bad credentials'),
  })
})

it('reads from Forgejo, with the token in the request', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    response.statusCode = request.url?.endsWith('connect') ? 200 : request.url?.endsWith('list') ? 404 : 500
    response.end('#!/bin/sh\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const forge = forgejoForge(base, 'acme', 'shop', 'canary')
    expect(await forge.read('.flight/connect')).toBe('#!/bin/sh\n')
    expect(await forge.read('.flight/list')).toBeUndefined()
    await expect(forge.read('.flight/monitor')).rejects.toThrow('HTTP 500')
    expect(asked[0]).toBe('/api/v1/repos/acme/shop/raw/.flight/connect token canary')
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  await expect(forgejoForge('http://127.0.0.1:1', 'a', 'b').read('x')).rejects.toMatchObject({ code: 'unavailable' })
})
