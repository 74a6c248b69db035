import { expect, it } from 'vitest'
import { agentEnvironment } from './environment.ts'

it('passes what is on the list, keeps credentials apart, and leaves out the rest', () => {
  const { env, secrets } = agentEnvironment({
    PATH: '/bin',
    LC_ALL: 'C.UTF-8',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
    ANTHROPIC_MODEL: 'm',
    ANTHROPIC_API_KEY: 'sk-ant-1',
    CLAUDE_CODE_OAUTH_TOKEN: 'token',
    GITHUB_TOKEN: 'ghp_1',
    AWS_SECRET_ACCESS_KEY: 'aws',
    MY_PASSWORD: 'hunter2',
    EMPTY: '',
  })
  expect(env).toEqual({
    PATH: '/bin',
    LC_ALL: 'C.UTF-8',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
    ANTHROPIC_MODEL: 'm',
  })
  expect(secrets).toEqual({
    ANTHROPIC_API_KEY: 'sk-ant-1',
    CLAUDE_CODE_OAUTH_TOKEN: 'token',
  })
})

it('--env passes a variable on or sets one', () => {
  const from = { DATABASE_URL: 'postgres://localhost', PATH: '/bin' }
  expect(agentEnvironment(from, ['DATABASE_URL', 'MODE=a=b\nc', 'PATH=/other']).env).toEqual({
    DATABASE_URL: 'postgres://localhost',
    MODE: 'a=b\nc',
    PATH: '/other',
  })
})

it.each([
  ['a variable that is not set', {}, ['NOT_SET'], /NOT_SET.*not set/],
  ['what is not a name', {}, ['1BAD=x'], /not a variable/],
  ['a base URL with a password', { ANTHROPIC_BASE_URL: 'https://user:pass@host/' }, [], /ANTHROPIC_BASE_URL/],
  ['a base URL with a token as user', {}, ['ANTHROPIC_BASE_URL=https://token@host'], /ANTHROPIC_BASE_URL/],
])('%s is refused, and its value is not repeated', (_, from, extra, message) => {
  expect(() => agentEnvironment(from, extra)).toThrow(message)
  expect(() => agentEnvironment(from, extra)).not.toThrow(/pass@|token@/)
})
