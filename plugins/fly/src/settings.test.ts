import { expect, test } from 'vitest'
import { parseSettings, sizeOf } from './settings.ts'

test('match 6 and 10: the region is iad, the size 2 performance processors and 4096 MB, the organization personal', () => {
  const { regions, sizes, org } = parseSettings({})
  expect({ regions, sizes, org }).toEqual({
    regions: ['iad'],
    sizes: [{ cpuKind: 'performance', cpus: 2, memoryMb: 4096 }],
    org: 'personal',
  })
})

test('sizes are read as Fly names them', () => {
  expect(sizeOf('shared-cpu-4x')).toEqual({ cpuKind: 'shared', cpus: 4, memoryMb: 1024 })
  expect(sizeOf('performance-1x:8192')).toEqual({ cpuKind: 'performance', cpus: 1, memoryMb: 8192 })
})

test.each([
  [{ size: 'huge' }, /size has "huge"/],
  [{ region: 'ams,moon' }, /region has "moon"/],
  [{ app: 'My App' }, /no name of a Fly.io app/],
  [{ app: '../other' }, /no name of a Fly.io app/],
  [{ image: '--privileged' }, /image is "--privileged"/],
  [{ api: 'https://me:secret@api' }, /api has a name or password/],
  [{ volume: -1 }, /volume is -1/],
  [{ boot: 'soon' }, /boot is "soon"/],
  [{ dial: 'http://x' }, /dial is "http:\/\/x"/],
  [{ colour: 'red' }, /colour is no setting/],
  [{ env: 'FLY_APP_NAME=x' }, /which Skein or Fly sets/],
])('what cannot be right is said before anything is asked: %j', (given, message) => {
  expect(() => parseSettings(given)).toThrow(message)
})

test('better 15: a variable that seems to be a secret is refused for a machine’s config, and not repeated', () => {
  expect(() => parseSettings({ env: ['ANTHROPIC_API_KEY=sk-123'] })).toThrow(/seems to be a secret/)
  expect(() => parseSettings({ env: ['GITHUB_TOKEN=ghp-123'] })).not.toThrow(/ghp-123/)
})
