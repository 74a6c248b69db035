import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { REDACTED, Redactor, StreamRedactor } from './redact.ts'

const CANARY = 'canary/7Gq+x"9 zü\\Z'

function redactorOf(...secrets: string[]): Redactor {
  const redactor = new Redactor()
  for (const secret of secrets) redactor.add(secret)
  return redactor
}

// Put together here, so that the file itself holds nothing that scanners take for a secret.
const alnum = (length: number) => 'aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY'.repeat(Math.ceil(length / 32)).slice(0, length)
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const JWT = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ sub: '1', name: 'someone' })}.${alnum(43)}`
const PEM = [
  '-----BEGIN ',
  'RSA PRIVATE KEY-----\n',
  `${alnum(64)}\n`.repeat(12),
  '-----END RSA PRIVATE KEY-----',
].join('')

const TOKENS: [string, string][] = [
  ['an Anthropic key', `sk-ant-${`api03-${alnum(90)}`}-AA`],
  ['a GitHub token', `ghp_${alnum(36)}`],
  ['a GitHub OAuth token', `gho_${alnum(36)}`],
  ['a fine-grained GitHub token', `github_pat_${alnum(22)}_${alnum(59)}`],
  ['a GitLab token', `glpat-${alnum(20)}`],
  ['an AWS key id', `AKIA${'ABCDEFGHIJ234567'}`],
  ['a Slack token', `xoxb-${'1234567890-'}${alnum(24)}`],
  ['a JWT', JWT],
]

describe('a known secret', () => {
  test.each([
    ['as it is', CANARY],
    ['as base64', Buffer.from(CANARY).toString('base64')],
    ['as base64url', Buffer.from(CANARY).toString('base64url')],
    ['URL-encoded', encodeURIComponent(CANARY)],
    ['URL-encoded with small letters', encodeURIComponent(CANARY).replace(/%../g, (code) => code.toLowerCase())],
    ['as form data', encodeURIComponent(CANARY).replaceAll('%20', '+')],
    ['in JSON', JSON.stringify(CANARY).slice(1, -1)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ CANARY })).slice(1, -1)],
  ])('is taken out %s', (_, form) => {
    const redacted = redactorOf(CANARY).redactText(`before ${form} after`)
    expect(redacted).toMatch(/^before .*\[redacted\].* after$/)
    expect(redacted).not.toContain('7Gq')
    expect(redacted).not.toContain(form.slice(4, -4))
  })

  test.each(['', 'a', 'ab', 'user:', 'someone@example.org:'])(
    'is taken out of the base64 of a longer text (after %j)',
    (before) => {
      const redacted = redactorOf(CANARY).redactText(Buffer.from(`${before}${CANARY}:after`).toString('base64'))
      expect(redacted).toContain(REDACTED)
      expect(Buffer.from(redacted.replace(REDACTED, ''), 'base64').toString()).not.toContain('7Gq')
    },
  )

  test('with the line break of the file that it came from, is known without it', () => {
    expect(redactorOf('hunter2hunter2\n').redactText('it is hunter2hunter2.')).toBe(`it is ${REDACTED}.`)
  })

  test('that begins with another one, or overlaps it, leaves no rest', () => {
    const redactor = redactorOf('abcdefgh', 'abcdefgh-and-more', 'more-to-come')
    expect(redactor.redactText('x abcdefgh-and-more y')).toBe(`x ${REDACTED} y`)
    expect(redactor.redactText('x abcdefgh-and-more-to-come y')).toBe(`x ${REDACTED} y`)
    expect(redactor.redactText('abcdefghabcdefgh')).toBe(REDACTED)
  })

  test('of fewer than 8 characters is not taken, since it would be found everywhere', () => {
    const redactor = new Redactor()
    expect(redactor.add('seven77')).toBe(false)
    expect(redactor.add('eight888')).toBe(true)
    expect(redactor.redactText('seven77 eight888')).toBe(`seven77 ${REDACTED}`)
  })

  test('longer than any line is taken out whole', () => {
    const long = randomBytes(15_000).toString('hex')
    expect(redactorOf(long).redactText(`<${long}>`)).toBe(`<${REDACTED}>`)
  })
})

describe('what looks like a secret', () => {
  test.each(TOKENS)('%s is taken out', (_, token) => {
    for (const text of [`use ${token} now`, JSON.stringify({ token }), `KEY=${token}\n`])
      expect(new Redactor().redactText(text)).toBe(text.replace(token, REDACTED))
  })

  test.each([
    ['as it is', (pem: string) => pem],
    ['in JSON', (pem: string) => JSON.stringify(pem)],
    ['in a numbered listing', (pem: string) => pem.replace(/^/gm, '    12→')],
    ['as an added part of a diff', (pem: string) => pem.replace(/^/gm, '+')],
  ])('a private key is taken out %s', (_, written) => {
    const redacted = new Redactor().redactText(`before\n${written(PEM)}\nafter`)
    expect(redacted).toMatch(/^before[\s\S]*\[redacted\][\s\S]*after$/)
    expect(redacted).not.toContain(alnum(16))
  })

  test.each([
    [`Authorization: Bearer ${alnum(20)}`, `Authorization: Bearer ${REDACTED}`],
    [`authorization: Basic ${alnum(12)}==`, `authorization: Basic ${REDACTED}`],
    [`curl -H "Authorization: token ${alnum(20)}" x`, `curl -H "Authorization: token ${REDACTED}" x`],
    [`{"Authorization":"Bearer ${alnum(20)}"}`, `{"Authorization":"Bearer ${REDACTED}"}`],
    [`{\\"x-api-key\\":\\"${alnum(20)}\\"}`, `{\\"x-api-key\\":\\"${REDACTED}\\"}`],
    ['postgres://me:s3cret!pw@db.example/x', `postgres://me:${REDACTED}@db.example/x`],
    ['redis://:s3cretpw@cache:6379', `redis://:${REDACTED}@cache:6379`],
  ])('%s becomes %s', (text, redacted) => {
    expect(new Redactor().redactText(text)).toBe(redacted)
    expect(new Redactor().redactText(redacted)).toBe(redacted)
  })

  test.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code that is shown, not a template
    ['Authorization: `Bearer ${token}`'],
    ['headers.authorization = process.env.TOKEN'],
    ['https://user:$PASSWORD@example.org'],
    ['https://example.org:8080/a@b'],
    ['git@github.com:owner/repo.git'],
    ['if (text.startsWith("-----BEGIN PRIVATE KEY-----")) return'],
    ['the task-ant-farm is sk-ant- short, ghp_ too, eyJ and AKIA'],
    ['commit 3f786850e387550fdab836ed7e6dc881de23001b'],
  ])('%s is shown as it is', (text) => {
    expect(new Redactor().redactText(text)).toBe(text)
  })
})

describe('a JSON value', () => {
  test('is redacted at any depth, in keys too', () => {
    const value = { a: [{ text: `x ${CANARY}` }, 1, null, true], [CANARY]: 'key' }
    expect(redactorOf(CANARY).redactValue(value)).toEqual({
      a: [{ text: `x ${REDACTED}` }, 1, null, true],
      [REDACTED]: 'key',
    })
    expect(value.a[0]).toEqual({ text: `x ${CANARY}` })
  })

  test('shares what holds no secret, and is the same object when nothing does', () => {
    const redactor = redactorOf(CANARY)
    const clean = { list: [1, { text: 'nothing to see here' }] }
    expect(redactor.redactValue(clean)).toBe(clean)
    const value = { clean, dirty: { text: CANARY } }
    const redacted = redactor.redactValue(value)
    expect(redacted.clean).toBe(clean)
    expect(redacted.dirty).not.toBe(value.dirty)
  })
})

describe('text that comes in parts', () => {
  const SECRETS = ['correct horse battery', 'canary-1234567890', CANARY]
  const TEXT = [
    'Plain words, then a secret: correct horse battery; ',
    ...TOKENS.map(([name, token]) => `${name} is ${token}, `),
    `Authorization: Bearer ${alnum(40)}\n`,
    `{"key":${JSON.stringify(CANARY)}} `,
    `${PEM}\n`,
    'postgres://me:s3cret!pw@db.example/x and https://example.org/path ',
    Buffer.from('user:canary-1234567890').toString('base64'),
    ' correct horse bat, 日本語のテキスト, the end: canary-1234567890',
  ].join('')

  const streamed = (redactor: Redactor, text: string, nextLength: () => number) => {
    const stream = new StreamRedactor(redactor)
    let shown = ''
    for (let at = 0; at < text.length; ) {
      const length = nextLength()
      shown += stream.push(text.slice(at, at + length))
      at += length
    }
    return shown + stream.end()
  }

  test.each([1, 2, 3, 7, 16, 61, 1000])('shows the same as the whole text would, in parts of %i', (length) => {
    const redactor = redactorOf(...SECRETS)
    expect(streamed(redactor, TEXT, () => length)).toBe(redactor.redactText(TEXT))
  })

  test('shows the same in parts of any length', () => {
    const redactor = redactorOf(...SECRETS)
    const whole = redactor.redactText(TEXT)
    for (let round = 0; round < 50; round++)
      expect(streamed(redactor, TEXT, () => 1 + Math.floor(Math.random() * 40))).toBe(whole)
  })

  test('never shows a part of a secret, wherever it is cut', () => {
    for (let cut = 1; cut < CANARY.length; cut++) {
      const stream = new StreamRedactor(redactorOf(CANARY))
      const first = stream.push(`so: ${CANARY.slice(0, cut)}`)
      expect(first, `cut at ${cut}`).toBe('so: ')
      expect(stream.push(`${CANARY.slice(cut)} it was`) + stream.end()).toBe(`${REDACTED} it was`)
    }
  })

  test('shows what turns out to be no secret', () => {
    const stream = new StreamRedactor(redactorOf('correct horse battery'))
    expect(stream.push('a correct ho')).toBe('a ')
    expect(stream.push('use.')).toBe('correct house.')
    expect(stream.end()).toBe('')
  })

  test('shows ordinary words as they come', () => {
    const stream = new StreamRedactor(redactorOf(...SECRETS))
    for (const part of ['I will read', ' the room', '.\n日本', '語'] as const) expect(stream.push(part)).toBe(part)
  })

  test.each(['x', '://', 'eyJ', '-----BEGIN PRIVATE KEY-----', 'correct horse ', 'x-api-key: "'])(
    'never holds back much, even of endless %j',
    (beginning) => {
      const stream = new StreamRedactor(redactorOf(...SECRETS))
      const part = beginning.repeat(Math.ceil(2_000 / beginning.length))
      let held = 0
      for (let round = 0; round < 50; round++) held += part.length - stream.push(part).length
      expect(held).toBeLessThan(20_000)
    },
  )

  test('can begin another text after the end', () => {
    const stream = new StreamRedactor(redactorOf('correct horse battery'))
    expect(stream.push('correct horse ') + stream.end()).toBe('correct horse ')
    expect(stream.push('battery') + stream.end()).toBe('battery')
  })
})
