import { describe, expect, it } from 'vitest'
import { type BatchFileOptions, parseBatchFile } from './batch-file.ts'

const parse = (text: string, options: Partial<BatchFileOptions> = {}) =>
  parseBatchFile(text, {
    file: 'batch.yaml',
    defaults: {},
    readPrompt: (path) => {
      if (path === 'prompt.md') return 'From a file, for {{repo}}.'
      throw Object.assign(new Error('none'), { code: 'ENOENT' })
    },
    ...options,
  })

describe('a batch file', () => {
  it('has defaults, requests, variables of each, and settings of the whole', () => {
    const { rows, settings } = parse(`
concurrency: 8
budget: 12.5
defaults:
  model: sonnet
  timeout: 10m
  prompt: Move {{package}} of {{ repo }} to ESM; keep \\{{braces}}.
requests:
  - repo: ../a
    package: left-pad
    tag: "{{package}}!"
  - repo: ../b
    vars: {package: 1.10}
    allow: [Bash, Edit]
    max-cost: $2
    env: {CI: "1"}
  - repo: ../c
    file: prompt.md
`)
    expect(settings).toEqual({ concurrency: 8, budget: 12.5 })
    expect(rows).toMatchObject([
      {
        repo: '../a',
        model: 'sonnet',
        timeout: 600_000,
        tag: 'left-pad!',
        prompt: 'Move left-pad of ../a to ESM; keep {{braces}}.',
        at: { line: 9, column: 5 },
      },
      { prompt: 'Move 1.10 of ../b to ESM; keep {{braces}}.', allow: ['Bash', 'Edit'], maxCost: 2, env: { CI: '1' } },
      { prompt: 'From a file, for ../c.' },
    ])
  })

  it('may be CSV or JSON lines, with one prompt for all', () => {
    const defaults = { prompt: 'Update {{name of it}} to {{version}}.', repo: '.' }
    const csv = parse('repo,name of it,version\n../a,react,19.0\n../b,vue,3\n', { file: 'batch.csv', defaults })
    expect(csv.rows.map(({ prompt, repo }) => [repo, prompt])).toEqual([
      ['../a', 'Update react to 19.0.'],
      ['../b', 'Update vue to 3.'],
    ])
    const jsonl = parse('{"prompt":"one","tag":"x"}\n\n{"prompt":"two","repo":"../b","vars":{}}\n', {
      file: '-',
      defaults: { repo: '.' },
    })
    expect(jsonl.rows).toMatchObject([
      { prompt: 'one', repo: '.', tag: 'x' },
      { prompt: 'two', repo: '../b' },
    ])
  })

  it('takes a prompt from a file', () => {
    const { rows } = parse('- repo: ../a\n  file: prompt.md\n')
    expect(rows[0]?.prompt).toBe('From a file, for ../a.')
  })

  it.each([
    ['requests:\n  - prompt: a\n    max-cots: 3', '3:5', '"max-cots" is neither an option nor used'],
    ['requests:\n  - prompt: a\n    max-cost: many', '3:15', 'max-cost: many'],
    ['requests:\n  - prompt: a\n    timeout: soon', '3:14', 'timeout: Give a time'],
    ['requests:\n  - prompt: do {{it}}', '2:13', 'no variable "it"'],
    ['requests:\n  - tag: a', '2:5', 'no prompt'],
    ['requests:\n  - file: nowhere.md', '2:11', 'there is no file nowhere.md'],
    ['requests: 3', '1:11', 'requests has to be a list'],
    ['request:\n  - prompt: a', '1:1', 'a batch has no "request"'],
    ['concurrency: 0\nrequests:\n  - prompt: a', '1:14', 'concurrency has to be'],
    ['- prompt: a\n  permission-mode: all', '2:20', 'one of sandboxed'],
    ['- just text', '1:3', 'a block of keys'],
    ['', '1:1', 'a list of requests'],
    ['[]', '1:1', 'no requests'],
  ])('is refused with line and column: %j', (text, place, what) => {
    expect(() => parse(text)).toThrow(`batch.yaml:${place}: `)
    expect(() => parse(text)).toThrow(what)
  })

  it('of JSON lines is refused with line and column', () => {
    expect(() => parse('{"prompt":"a"}\n{"prompt": b}\n', { file: 'b.jsonl' })).toThrow(
      'b.jsonl:2:12: this is not JSON',
    )
    expect(() => parse('{"prompt":"a"}\n{"prompt":', { file: 'b.jsonl' })).toThrow('b.jsonl:2:11: this is not JSON')
  })
})
