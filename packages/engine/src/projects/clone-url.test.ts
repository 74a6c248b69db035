import { describe, expect, it } from 'vitest'
import { CloneProgress } from './clone-progress.ts'
import { cloneSource } from './clone-url.ts'

describe('what is to be cloned', () => {
  it.each([
    ['https://example.org/group/tool.git', { url: 'https://example.org/group/tool.git', name: 'tool' }],
    ['https://example.org/group/tool/', { url: 'https://example.org/group/tool/', name: 'tool' }],
    [
      ' https://ada:s%3Aecret@example.org/tool.git ',
      { url: 'https://example.org/tool.git', username: 'ada', password: 's:ecret', name: 'tool' },
    ],
    ['https://ada@example.org/tool.git', { url: 'https://ada@example.org/tool.git', name: 'tool' }],
    ['git@example.org:group/tool.git', { url: 'git@example.org:group/tool.git', name: 'tool' }],
    ['ssh://git@example.org:22/group/tool', { url: 'ssh://git@example.org:22/group/tool', name: 'tool' }],
    ['/srv/git/tool.git', { url: '/srv/git/tool.git', name: 'tool' }],
  ])('%s', (given, source) => {
    expect(cloneSource(given)).toEqual(source)
  })

  it.each([
    '',
    '-u/x',
    '--upload-pack=touch /tmp/x',
    'ext::sh -c whoami',
    'fd::17',
    'https://',
    'https://ada:pw@example.org/',
    'tool',
    'https://a b/tool',
    'https://example.org/..',
  ])('refuses %j, without repeating it', (given) => {
    expect(() => cloneSource(given)).toThrowError(/not the address of a repository/)
  })
})

it('how far a clone is, is read from what git writes over and over', () => {
  const progress = new CloneProgress()
  expect(progress.push("Cloning into '/x'...\n")).toEqual({ text: "Cloning into '/x'..." })
  expect(progress.push('remote: Counting objects: 10% (1/10)\rReceiving objects:  50% (5/1')).toEqual({
    text: 'remote: Counting objects: 10% (1/10)',
  })
  expect(progress.push('0)\r')).toEqual({ text: 'Receiving objects:  50% (5/10)', fraction: 0.4 })
  expect(progress.push('Resolving deltas: 100% (3/3), done.\n')).toMatchObject({ fraction: 0.95 })
  expect(progress.push('warning: no\n')).toBeUndefined()
  progress.push('fatal: repository not found\n')
  expect(progress.said).toBe('repository not found')
})
