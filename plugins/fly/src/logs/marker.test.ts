import { expect, test } from 'vitest'
import { exitMarker, findExitMarker } from './marker.ts'

test('match 26: a marker is found anywhere in a line, the last one wins, malformed ones are passed over', () => {
  const mark = (code: number) => exitMarker('n1', { reason: 'stopped', code })
  const found = findExitMarker([`x ${mark(1)} y ${mark(2)}z`, '[skein:exit:n1:stopped:], [skein:exit:n1:a b:3]'], 'n1')
  expect(found).toEqual({ reason: 'stopped', code: 2 })
})

test('better 10: a marker with another nonce is nobody’s', () => {
  expect(findExitMarker([exitMarker('forged', { reason: 'stopped', code: 0 })], 'n1')).toBeUndefined()
})
