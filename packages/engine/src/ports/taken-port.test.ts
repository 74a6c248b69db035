import { expect, it } from 'vitest'
import { takenPort } from './taken-port.ts'

it.each([
  [
    'Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle [as _listen2] (node:net:1908:16)',
    3000,
  ],
  ['Error: listen EADDRINUSE: address already in use 127.0.0.1:8080', 8080],
  ['2026/11/21 listen tcp :8081: bind: address already in use', 8081],
  ['Error: Port 5173 is already in use', 5173],
  [' ⨯ Failed to start server\nError: listen EADDRINUSE: address already in use 0.0.0.0:3000', 3000],
  ['OSError: [Errno 98] Address already in use', 0],
  ['thread main panicked: Os { code: 98, kind: AddrInUse, message: "Address already in use" }', 0],
  ['listening on 3000', undefined],
  ['', undefined],
])('a program that says %j could not have port %s', (output, port) => {
  expect(takenPort(output)).toBe(port)
})
