import { SkeinError } from '@skein/protocol'
import { describe, expect, it } from 'vitest'
import { machine } from '../on.ts'
import { checkedRepositories, checkRun } from './check.ts'
import type { RunOptions } from './options.ts'

function refusal(options: unknown, keeps = true): SkeinError {
  try {
    checkRun(options as RunOptions, keeps)
  } catch (error) {
    if (error instanceof SkeinError) return error
    throw error
  }
  throw new Error(`${JSON.stringify(options)} was not refused`)
}

const ofRepository = (repositories: unknown) => refusal({ prompt: 'go', repositories })

describe('options that cannot be right', () => {
  it('match 8: are refused before anything is made, each with what is wrong', () => {
    for (const [options, says] of [
      [{}, /no text/],
      [{ prompt: '' }, /empty/],
      [{ prompt: ' \n' }, /empty/],
      [{ prompt: 'a\0b' }, /NUL/],
      [{ prompt: 'go', on: 'docker' }, /no machine/],
      [{ prompt: 'go', on: machine('') }, /no machine/],
      [{ prompt: 'go', signal: 'now' }, /signal/],
      [{ prompt: 'go', timeout: 0 }, /timeout/],
      [{ prompt: 'go', timeout: Number.NaN }, /timeout/],
      [{ prompt: 'go', idleTimeout: -1 }, /idleTimeout/],
      [{ prompt: 'go', budget: 0 }, /budget/],
      [{ prompt: 'go', maxTurns: 1.5 }, /maxTurns/],
      [{ prompt: 'go', tools: { alow: ['Bash'] } }, /tools/],
      [{ prompt: 'go', env: { 'A B': 'c' } }, /env/],
      [{ prompt: 'go', env: { ANTHROPIC_BASE_URL: 'https://me:pw@example.org' } }, /password/],
      [{ prompt: 'go', artifacts: ['everything'] }, /artifacts/],
      [{ prompt: 'go', artifacts: [{ path: '../secret' }] }, /below the workspace/],
      [{ prompt: 'go', mcpServers: { 'a b': { command: 'x' } } }, /mcpServers/],
      [{ prompt: 'go', permissionMode: 'yolo' }, /permissionMode/],
      [{ prompt: 'go', credential: 'token' }, /credential/],
      [{ prompt: 'go', key: 'two words' }, /key/],
      [{ prompt: 'go', on: machine('docker'), repositories: { url: './x', submodules: true } }, /submodules/],
    ] as const) {
      const error = refusal(options)
      expect(error.code, JSON.stringify(options)).toBe('invalid')
      expect(error.message).toMatch(says)
    }
    expect(refusal({ prompt: 'go', keep: true }, false).message).toMatch(/temporary/)
  })

  it('match 12: repositories are given as texts or as specs; anything else is refused', () => {
    for (const repositories of [
      7,
      [null],
      [{}],
      [['https://example.org/a']],
      [{ url: 'https://example.org/a', ref: 'x' }],
    ])
      expect(ofRepository(repositories).code, JSON.stringify(repositories)).toBe('invalid')
    expect(
      checkedRepositories([
        'https://example.org/group/app.git',
        { url: 'git@example.org:group/lib.git', folder: 'libs/lib' },
      ]),
    ).toMatchObject([{ folder: 'app' }, { folder: 'libs/lib' }])
    expect(checkedRepositories('./somewhere')).toMatchObject([{ path: expect.stringMatching(/^\/.*\/somewhere$/) }])
  })

  it('better 16: no address, ref or folder is taken that git would take for something else', () => {
    for (const url of [
      '--upload-pack=touch /tmp/owned',
      '-oProxyCommand=x',
      'ext::sh -c whoami',
      'ssh://-oProxyCommand=x/y',
      'git@-x:y',
      'https://example.org/a b',
      'https://example.org/a\nb',
      'no-address',
      '',
    ])
      expect(ofRepository(url).code, url).toBe('invalid')
    const url = 'https://example.org/app.git'
    for (const spec of [
      { branch: '--upload-pack=x' },
      { branch: '-x' },
      { branch: 'a..b' },
      { branch: 'a b' },
      { tag: 'v1^{}' },
      { commit: 'abc' },
      { commit: 'main' },
      { branch: 'main', tag: 'v1' },
      { folder: '../x' },
      { folder: '/etc' },
      { folder: 'a/../../b' },
      { folder: '-x' },
      { folder: '.git/hooks' },
      { folder: '' },
      { depth: 0 },
      { depth: '1' },
      { submodules: 'yes' },
    ])
      expect(ofRepository({ url, ...spec }).code, JSON.stringify(spec)).toBe('invalid')
    expect(ofRepository([url, 'https://example.net/app']).message).toContain('app')
    expect(
      ofRepository([
        { url, folder: 'a' },
        { url: 'https://example.org/b', folder: 'a/b' },
      ]).code,
    ).toBe('invalid')
  })

  it('better 15: an address with a secret in it is refused, and the secret is not repeated', () => {
    for (const url of [
      'https://ghp_s3cret@example.org/a.git',
      'https://me:s3cret@example.org/a',
      'ssh://me:s3cret@example.org/a',
    ]) {
      const error = ofRepository(url)
      expect(error.code).toBe('invalid')
      expect(JSON.stringify(error.toBody())).not.toContain('s3cret')
    }
  })
})
