import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Change, withReconnect } from '@skein/protocol'
import { expect, it } from 'vitest'
import { connectOrStart } from './connect.ts'
import { DEADLY_PATH } from './fixtures/scripted-api.ts'
import { kill, type ServerHome, serverHome } from './fixtures/server-home.ts'

function reconnecting(home: ServerHome) {
  return withReconnect((signal) =>
    connectOrStart({ home: home.path, version: '1', spawn: home.server(), deadlineMs: 60_000, signal }),
  )
}

it('a session that is followed while its server is killed and stopped again and again has no gap and nothing twice', async () => {
  await using home = await serverHome()
  await using api = reconnecting(home)
  const seqs: number[] = []
  const ended: number[] = []
  let lives = 0
  let until = 50
  for await (const item of api.subscribe('sessions.follow', { sessionId: 's' })) {
    if (item.type === 'live') lives++
    else seqs.push(item.envelope.seq)
    const server = home.starts().at(-1) ?? 0
    if (seqs.length < until || ended.includes(server)) continue
    if (ended.length === 5) break
    kill(server, ended.length % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
    ended.push(server)
    until = seqs.length + 50
  }
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1))
  expect(home.starts()).toHaveLength(6)
  expect(lives).toBe(1)
})

it('a command whose server dies before it answers is made again with the same key', async () => {
  await using home = await serverHome()
  await using api = reconnecting(home)
  expect(await api.call('projects.open', { key: 'k1', path: DEADLY_PATH })).toMatchObject({ id: 'k1' })
  expect(readFileSync(join(home.path, 'opened'), 'utf8')).toBe('k1\nk1\n')
  expect(home.starts()).toHaveLength(2)
})

it('many calls at once over a server that is killed start one other server', async () => {
  await using home = await serverHome()
  await using api = reconnecting(home)
  const { pid } = await api.call('server.info', {})
  kill(pid)
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.call('server.info', {})))
  expect(new Set(answers.map((answer) => answer.pid))).toEqual(new Set([home.starts()[1]]))
})

it('changes come again from a new server, and what has gone meanwhile is told', async () => {
  await using home = await serverHome()
  await using api = reconnecting(home)
  writeFileSync(join(home.path, 'workspaces'), 'w1\nw2\n')
  const told: string[] = []
  for await (const change of api.subscribe('changes', {})) {
    told.push(summary(change))
    if (change.type !== 'ready') continue
    if (home.starts().length > 1) break
    writeFileSync(join(home.path, 'workspaces'), 'w2\nw3\n')
    kill(home.starts()[0] ?? 0)
  }
  expect(told).toEqual(['w1', 'w2', 'ready', 'w2', 'w3', 'w1 gone', 'ready'])
})

it('stopping the server starts no other', async () => {
  await using home = await serverHome()
  await using api = reconnecting(home)
  await api.call('server.info', {})
  expect(await api.call('server.stop', { key: 'k' })).toEqual({})
  expect(home.starts()).toHaveLength(1)
})

it('an error that is not the connection’s is thrown at once', async () => {
  await using home = await serverHome()
  await using api = reconnecting(home)
  await expect(api.call('workspaces.remove', { key: 'k', workspaceId: 'w' })).rejects.toMatchObject({
    code: 'needs_confirmation',
  })
  const items = api.subscribe('sessions.follow', { sessionId: 'none' })[Symbol.asyncIterator]()
  await expect(items.next()).rejects.toMatchObject({ code: 'not_found' })
  expect(home.starts()).toHaveLength(1)
})

function summary(change: Change): string {
  if (change.type === 'workspace') return change.workspace.id
  if (change.type === 'workspace_gone') return `${change.workspaceId} gone`
  return change.type
}
