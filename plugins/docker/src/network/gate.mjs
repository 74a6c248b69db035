// The one way out of a network without ways out: an HTTP proxy that connects to the hosts of a list and to no other. Runs with
// Node alone, in a container of its own. `GATE_ALLOW` is a JSON list of `host`, `*.host` and `host:port`.

import { createServer, request } from 'node:http'
import { connect } from 'node:net'

const PORT = 3128
const CONNECT_MS = 20_000
/** Of an entry without a port. */
const USUAL_PORTS = [443, 80]

/** @type {{ name: string, below: boolean, ports: number[] }[]} */
const allowed = JSON.parse(process.env.GATE_ALLOW ?? '[]').map((/** @type {string} */ entry) => {
  const [host = '', port] = entry.toLowerCase().split(':')
  const below = host.startsWith('*.')
  return { name: below ? host.slice(2) : host, below, ports: port === undefined ? USUAL_PORTS : [Number(port)] }
})

/** @param {string} host @param {number} port */
function mayReach(host, port) {
  const name = host.toLowerCase().replace(/\.$/, '')
  return allowed.some(
    (entry) => entry.ports.includes(port) && (entry.below ? name.endsWith(`.${entry.name}`) : name === entry.name),
  )
}

/** @param {string} host @param {number} port */
function refusal(host, port) {
  return `Skein: ${host}:${port} is not on this workspace's allow-list.\n`
}

const server = createServer((incoming, answer) => {
  const target = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined
  if (target?.protocol !== 'http:') {
    answer.writeHead(400).end('Skein: this is a proxy; ask it for a whole http URL, or CONNECT.\n')
    return
  }
  const port = Number(target.port || 80)
  if (!mayReach(target.hostname, port)) {
    answer.writeHead(403, { 'content-type': 'text/plain' }).end(refusal(target.hostname, port))
    return
  }
  const headers = { ...incoming.headers, host: target.host }
  delete headers['proxy-connection']
  delete headers['proxy-authorization']
  const outgoing = request(target, { method: incoming.method, headers, timeout: 0 }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
    response.on('error', () => answer.destroy())
  })
  outgoing.on('error', (error) => {
    if (answer.headersSent) answer.destroy()
    else answer.writeHead(502, { 'content-type': 'text/plain' }).end(`Skein: ${target.host}: ${error.message}\n`)
  })
  answer.on('close', () => outgoing.destroy())
  incoming.on('error', () => outgoing.destroy())
  incoming.pipe(outgoing)
})

server.on('connect', (incoming, inner, head) => {
  inner.on('error', () => inner.destroy())
  const target = /^(?:\[([0-9a-f:.]+)\]|([^:/]+)):(\d{1,5})$/i.exec(incoming.url ?? '')
  const host = target?.[1] ?? target?.[2] ?? ''
  const port = Number(target?.[3])
  if (!mayReach(host, port)) {
    const said = refusal(host, port)
    inner.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: ${said.length}\r\n\r\n${said}`)
    return
  }
  const outer = connect({ host, port })
  const impatience = setTimeout(() => outer.destroy(new Error('no answer')), CONNECT_MS)
  outer.once('connect', () => {
    clearTimeout(impatience)
    inner.write('HTTP/1.1 200 Connection established\r\n\r\n')
    if (head.length > 0) outer.write(head)
    inner.pipe(outer)
    outer.pipe(inner)
  })
  outer.on('error', () => {
    clearTimeout(impatience)
    if (outer.bytesRead === 0 && inner.writable) inner.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n')
    else inner.destroy()
  })
  inner.on('close', () => outer.destroy())
  outer.on('close', () => inner.end())
})

// A connection lasts as long as its ends want: agents stream for minutes.
server.requestTimeout = 0
server.headersTimeout = 60_000
server.on('clientError', (_error, socket) => socket.destroy())
server.listen(PORT, '0.0.0.0', () => console.log('open'))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
