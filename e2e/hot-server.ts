/**
 * A development server in one file without dependencies, for a workspace's repository: a page that shows `message.txt`, and a
 * WebSocket over which it is told to load itself anew when that file changes, as hot reload does.
 */
export const HOT_SERVER = `
const { createHash } = require('node:crypto')
const { readFileSync, watchFile } = require('node:fs')
const { createServer } = require('node:http')
const message = () => readFileSync('message.txt', 'utf8').trim()
const sockets = new Set()
const page = () => '<!doctype html><title>connecting</title><h1>' + message() + '</h1><script>' +
  'const socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/hot");' +
  'socket.onopen = () => { document.title = "connected" };' +
  'socket.onclose = () => { document.title = "cut" };' +
  'socket.onmessage = () => location.reload()</script>'
const server = createServer((request, response) => {
  if (!request.headers.host.startsWith('localhost:')) return response.writeHead(403).end('Blocked request.')
  response.writeHead(200, { 'content-type': 'text/html' }).end(page())
})
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: Upgrade\\r\\nsec-websocket-accept: ' + accept + '\\r\\n\\r\\n')
  sockets.add(socket)
  socket.on('error', () => {}).on('data', () => {}).once('close', () => sockets.delete(socket))
})
watchFile('message.txt', { interval: 50 }, () => { for (const socket of sockets) socket.write(Buffer.from([0x81, 1, 0x72])) })
server.listen(Number(process.argv[2] || process.env.PORT), '127.0.0.1')
`
