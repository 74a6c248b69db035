import { expect, test } from 'vitest'
import type { NoticeClaims } from './claim.ts'
import { deliver } from './deliver.ts'
import type { Notice } from './notices.ts'

const notice: Notice = { id: 'ask:1', kind: 'ask', title: 't', body: 'b', workspaceId: 'w' }

function tabs() {
  const told = new Set<string>()
  const claims: NoticeClaims = {
    claim: async (id) => {
      if (told.has(id)) return false
      told.add(id)
      return true
    },
  }
  const log: string[] = []
  const tab = (name: string, watching: boolean, shows: boolean) => ({
    watching: () => watching,
    shows: () => shows,
    claims,
    toast: () => void log.push(`${name}: toast`),
    browser: () => void log.push(`${name}: browser`),
    sound: () => void log.push(`${name}: sound`),
    wait: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / 10)),
  })
  return { log, tab }
}

test('a tab that somebody looks at tells in the app alone', async () => {
  const { log, tab } = tabs()
  await deliver(notice, tab('one', true, false))
  expect(log).toEqual(['one: sound', 'one: toast'])
})

test('a hidden tab also tells by the browser', async () => {
  const { log, tab } = tabs()
  await deliver(notice, tab('one', false, true))
  expect(log).toEqual(['one: sound', 'one: toast', 'one: browser'])
})

test('what is on the screen of one tab is told by none', async () => {
  const { log, tab } = tabs()
  await Promise.all([deliver(notice, tab('hidden', false, false)), deliver(notice, tab('shown', true, true))])
  expect(log).toEqual([])
})

test('of several tabs the one that somebody looks at tells', async () => {
  const { log, tab } = tabs()
  await Promise.all([deliver(notice, tab('hidden', false, false)), deliver(notice, tab('seen', true, false))])
  expect(log).toEqual(['seen: sound', 'seen: toast'])
})
