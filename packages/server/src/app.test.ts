import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MAX_REQUEST } from '@skein/protocol'
import { waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { post, refusal, runningServer } from './fixtures/running-server.ts'
import { ENDLESS_PATH } from './fixtures/scripted-api.ts'

it('a request is answered with what the API answers', async () => {
  await using run = await runningServer()
  const project = await run.api.call('projects.open', { key: 'k1', path: '/a "path"\n' })
  expect(project).toMatchObject({ id: 'k1', path: '/a "path"\n' })
})

it('a request that breaks the schema is refused before the API sees it, with the place of each mistake', async () => {
  await using run = await runningServer()
  const answer = await post(run.server, '/v1/projects.open', '{"path": 7}')
  expect(answer.status).toBe(400)
  const error = JSON.parse(answer.body)
  expect(error.code).toBe('invalid')
  expect(error.message).toMatch(/^projects\.open: key: .*; path: .*expected string/)
  expect(run.behind.seen.calls).toEqual([])
})

it('a request that is not JSON, or has an unknown method or address, gets an error of our own form', async () => {
  await using run = await runningServer()
  expect(await post(run.server, '/v1/projects.open', '{')).toMatchObject({ status: 400 })
  for (const path of ['/v1/toString', '/v1/nothing.here', '/', '/v1/projects.open/x']) {
    const answer = await post(run.server, path, '{}')
    expect([path, answer.status, JSON.parse(answer.body).code]).toEqual([path, 404, 'not_found'])
  }
})

it('a request that fails carries the whole error to the caller', async () => {
  await using run = await runningServer()
  const call = run.api.call('workspaces.remove', { key: 'k', workspaceId: 'w1' })
  await expect(call).rejects.toMatchObject({
    name: 'SkeinError',
    code: 'needs_confirmation',
    message: 'removing w1: two files are nowhere else',
    next: 'Repeat with confirm.',
    details: { files: ['a', 'b'] },
  })
  expect((await post(run.server, '/v1/workspaces.remove', '{"key":"k","workspaceId":"w1"}')).status).toBe(409)
})

it('a request that meets a defect is answered with `internal`, and the defect is in the log', async () => {
  await using run = await runningServer()
  await expect(run.api.call('projects.list', {})).rejects.toMatchObject({ code: 'internal' })
  expect(readFileSync(join(run.home, 'logs', 'server.log'), 'utf8')).toContain('this is a defect')
})

it('a request of 40 MB arrives whole, one of more than 64 MiB is refused', async () => {
  await using run = await runningServer()
  const path = 'x'.repeat(40_000_000)
  expect((await run.api.call('projects.open', { key: 'k', path })).path.length).toBe(path.length)
  const large = run.api.call('projects.open', { key: 'k', path: 'x'.repeat(MAX_REQUEST) })
  await expect(large).rejects.toMatchObject({ code: 'invalid' })
  const announced = { 'content-length': `${MAX_REQUEST + 1}` }
  expect(await refusal(run.server, '/v1/projects.open', announced)).toMatchObject({ status: 413 })
  expect(run.behind.seen.calls).toEqual(['projects.open'])
})

it('a request from a browser, or for another host, is refused', async () => {
  await using run = await runningServer()
  const fromPage = await post(run.server, '/v1/server.info', '{}', { origin: 'http://localhost' })
  expect(fromPage.status).toBe(403)
  const elsewhere = await post(run.server, '/v1/server.info', '{}', { host: 'evil.example' })
  expect(elsewhere.status).toBe(403)
  expect(run.behind.seen.calls).toEqual([])
  expect((await post(run.server, '/v1/server.info', '{}', { host: 'localhost:80' })).status).toBe(200)
})

it('a request leaves its name, status and time in the log, and nothing of what it said', async () => {
  await using run = await runningServer()
  await run.api.call('projects.open', { key: 'k', path: '/canary-in-params' })
  await post(run.server, '/v1/canary-in-path?canary-in-query', 'canary-in-body')
  const log = join(run.home, 'logs', 'server.log')
  const lines = await waitUntil(
    () => {
      const written = readFileSync(log, 'utf8').trim().split('\n')
      return written.length >= 3 && written.map((line) => JSON.parse(line))
    },
    { what: 'three lines in the log' },
  )
  expect(lines[1]).toMatchObject({ method: 'projects.open', status: 200, ms: expect.any(Number) })
  expect(lines[2]).toMatchObject({ method: '(unknown)', status: 404 })
  expect(readFileSync(log, 'utf8')).not.toContain('canary')
  expect(statSync(log).mode & 0o777).toBe(0o600)
})

it('a request whose caller stops waiting is cancelled for the API too', async () => {
  await using run = await runningServer()
  const patience = new AbortController()
  const call = run.api.call('projects.open', { key: 'k', path: ENDLESS_PATH }, patience.signal)
  await waitUntil(() => run.behind.seen.calls.length === 1, { what: 'the call to arrive' })
  patience.abort()
  await expect(call).rejects.toMatchObject({ code: 'cancelled' })
  await waitUntil(() => run.behind.seen.ended.includes('projects.open'), { what: 'the API to be told' })
})
