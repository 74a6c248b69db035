import { spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { expect, it } from 'vitest'
import { connectOrStart } from './connect.ts'
import { CLIENT_PROCESS, type ServerHome, serverHome } from './fixtures/server-home.ts'

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/tmp']).status === 0
const isRoot = process.getuid?.() === 0

/** What a client says whose home is a file system of its own, set up by `script`; HOME is its path. */
function clientOn(home: ServerHome, script: string): unknown {
  const { command, args } = home.server()
  const client = [process.execPath, CLIENT_PROCESS, home.path, '1', command, ...args]
  const ran = spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', `set -e; ${script}; shift; exec "$@"`, 'sh', home.path, ...client],
    {
      encoding: 'utf8',
    },
  )
  return JSON.parse(ran.stdout)
}

it.skipIf(!canMount)('a full disk is called a full disk', async () => {
  await using home = await serverHome()
  const full = 'mount -t tmpfs -o size=64k,mode=700 none "$1"; dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null || true'
  expect(clientOn(home, full)).toMatchObject({ error: { code: 'disk_full', next: expect.stringContaining('Free') } })
})

it.skipIf(!canMount)('a read-only home is called read-only, with the remedy', async () => {
  await using home = await serverHome()
  const readOnly = 'mount -t tmpfs -o ro,mode=700 none "$1"'
  expect(clientOn(home, readOnly)).toMatchObject({
    error: {
      code: 'unavailable',
      message: expect.stringContaining('read-only'),
      next: expect.stringContaining('SKEIN_HOME'),
    },
  })
})

it.skipIf(!isRoot)('a home that belongs to somebody else is refused and left as it is', async () => {
  await using home = await serverHome()
  chownSync(home.path, 65_534, 65_534)
  const connecting = connectOrStart({ home: home.path, version: '1', spawn: home.server() })
  await expect(connecting).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringContaining('belongs to user 65534'),
    next: expect.stringContaining('SKEIN_HOME'),
  })
  expect(home.starts()).toEqual([])
})

it('a home that cannot be made is named', async () => {
  await using home = await serverHome()
  const connecting = connectOrStart({ home: '/proc/skein/home', version: '1', spawn: home.server() })
  await expect(connecting).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('/proc/skein'),
  })
})
