import { expect, test } from 'vitest'
import { FIRST_PORT, LAST_PORT, PORTS_EACH, takePorts } from './ports.ts'

test('all blocks are offered once each, and all of their ports lie in the range', () => {
  const ports = [...takePorts('w-1', [])]
  expect(ports).toHaveLength(2000)
  expect(new Set(ports).size).toBe(2000)
  for (const port of ports) {
    expect((port - FIRST_PORT) % PORTS_EACH).toBe(0)
    expect(port).toBeGreaterThanOrEqual(FIRST_PORT)
    expect(port + PORTS_EACH - 1).toBeLessThanOrEqual(LAST_PORT)
  }
})

test('a workspace is offered the same block first, and others other ones', () => {
  const first = (id: string) => takePorts(id, []).next().value
  expect(first('w-1')).toBe(first('w-1'))
  expect(new Set(Array.from({ length: 50 }, (_, n) => first(`w-${n}`))).size).toBeGreaterThan(40)
})

test('blocks of other workspaces are left out', () => {
  const all = [...takePorts('w-1', [])]
  const taken = all.slice(0, 3)
  expect(takePorts('w-1', taken).next().value).toBe(all[3])
  expect([...takePorts('w-1', all)]).toEqual([])
})
