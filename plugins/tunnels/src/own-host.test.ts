import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  hasSshd,
  type SshdUnderTest,
  startSshd,
  type TemporaryFolder,
  temporaryFolder,
  waitUntil,
} from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownHostTunnels } from './own-host.ts'

const context = { home: '/', log: () => {} }

describe.skipIf(!hasSshd())('a tunnel to one’s own host, over a real sshd', () => {
  let folder: TemporaryFolder
  let sshd: SshdUnderTest
  let shown: Server
  let target: { host: string; port: number }

  beforeAll(async () => {
    folder = await temporaryFolder('own-host')
    sshd = await startSshd({ folder: folder.path })
    shown = createServer((_request, response) => response.end('from here'))
    shown.listen(0, '127.0.0.1')
    await once(shown, 'listening')
    target = { host: '127.0.0.1', port: (shown.address() as AddressInfo).port }
  })
  afterAll(async () => {
    await sshd?.[Symbol.asyncDispose]()
    shown?.close()
    await folder?.[Symbol.asyncDispose]()
  })

  const open = (settings: Record<string, unknown>) =>
    ownHostTunnels.open(
      {
        target,
        settings: { host: sshd.alias, config: sshd.config, bind: 'localhost', ...settings },
        signal: new AbortController().signal,
      },
      context,
    )
  const at = async (url: string) => (await fetch(url)).text()

  it('leads from a port there to here, and is gone when it is closed or its connection breaks', async () => {
    const remotePort = await freePort()
    const tunnel = await open({ remotePort, url: `http://localhost:${remotePort}/` })
    expect(tunnel).toMatchObject({ url: `http://localhost:${remotePort}`, keepsUrl: true })
    expect(await at(tunnel.url)).toBe('from here')
    await expect(open({ remotePort, url: `http://localhost:${remotePort}` })).rejects.toMatchObject({
      message: expect.stringContaining(`remote port forwarding failed for listen port ${remotePort}`),
      next: expect.stringContaining('set another remotePort'),
    })
    await tunnel.close()
    await waitUntil(
      () =>
        at(tunnel.url).then(
          () => false,
          () => true,
        ),
      { what: 'the port to be closed' },
    )
    const again = await open({ remotePort, url: `http://localhost:${remotePort}` })
    expect(await at(again.url)).toBe('from here')
    await sshd.killConnections()
    expect(await again.ended).toMatch(/^ssh box: /)
  })

  it('takes the next port for each further share where the address has the port in it', async () => {
    const remotePort = await freePort()
    const settings = { remotePort, url: 'http://p{port}.localhost:{port}' }
    const [one, two] = [await open(settings), await open(settings)]
    expect(one.url).toBe(`http://p${remotePort}.localhost:${remotePort}`)
    expect(two.url).not.toBe(one.url)
    await Promise.all([one.close(), two.close()])
  })

  it('is refused before anything is sent to an address without TLS, or to no host at all', async () => {
    for (const url of ['http://preview.example.org', 'preview.example.org', 'ftp://localhost'])
      await expect(open({ remotePort: await freePort(), url })).rejects.toMatchObject({ code: 'invalid' })
    await expect(open({ host: '-oProxyCommand=touch /tmp/x', url: 'https://a.example' })).rejects.toMatchObject({
      code: 'invalid',
    })
    expect(await ownHostTunnels.available({}, context)).toMatchObject({ ok: false, remedy: /^Set it: / })
    expect(await ownHostTunnels.available({ host: 'box', url: 'https://a.example' }, context)).toMatchObject({
      ok: true,
    })
  })

  it('that cannot connect says what ssh said', async () => {
    await sshd.changeHostKey()
    await expect(open({ remotePort: await freePort(), url: 'https://a.example' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/Host key verification failed/),
      next: 'Look at its key yourself: ssh box',
    })
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
