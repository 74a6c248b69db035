import { expect, it } from 'vitest'
import { ProvisionOutput, parseFlightOutput } from './provision-output.ts'

it.each([
  ['FLIGHT_OUTPUT: url=a=b', { key: 'url', value: 'a=b' }],
  ['   FLIGHT_OUTPUT:url = x ', { key: 'url', value: ' x' }],
  ['FLIGHT_OUTPUT: empty=', { key: 'empty', value: '' }],
  ['FLIGHT_OUTPUT: =x', undefined],
  ['FLIGHT_OUTPUT: nothing', undefined],
  ['see FLIGHT_OUTPUT: url=x', undefined],
  ['flight_output: url=x', undefined],
])('reads %j', (line, expected) => {
  expect(parseFlightOutput(line)).toEqual(expected)
})

it('must match 9, 10: takes the last line that says something for the name, and hides metadata', () => {
  const output = new ProvisionOutput()
  const lines = ['starting', 'FLIGHT_OUTPUT: url=a=b', ' ws-1 ', '', 'FLIGHT_OUTPUT: url=c', '   ']
  const shown = lines.filter((line) => output.push(line))
  expect(output.name).toBe('ws-1')
  expect(output.values).toEqual(new Map([['url', 'c']]))
  expect(shown).toEqual(['starting', ' ws-1 ', '', '   '])
})
