import { expect, it } from 'vitest'
import { kindAndName, machineSettings } from './machine-settings.ts'

it('a machine is named by its kind and its name', () => {
  expect(kindAndName('ssh:build-box')).toEqual({ kind: 'ssh', name: 'build-box' })
  expect(kindAndName('ssh:me@host:22')).toEqual({ kind: 'ssh', name: 'me@host:22' })
  expect(kindAndName('docker')).toEqual({ kind: 'docker', name: '' })
})

it.each(['ssh:', ':box', ''])('“%s” names no machine, and what to give is told', (text) => {
  expect(() => kindAndName(text)).toThrow(expect.objectContaining({ next: expect.stringContaining('KIND:NAME') }))
})

it('settings keep what stands behind the first sign, and become a list when they are repeated', () => {
  expect(machineSettings(['image=a=b', 'allow=x.org', 'allow=y.org', 'allow=z.org'])).toEqual({
    image: 'a=b',
    allow: ['x.org', 'y.org', 'z.org'],
  })
})

it('an empty value leaves the default; a word without a sign is refused', () => {
  expect(machineSettings(['image='])).toEqual({})
  expect(() => machineSettings(['image'])).toThrow('not a setting')
})
