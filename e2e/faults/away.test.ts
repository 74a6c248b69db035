import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canDropPackets, dropPackets, isThorough, longText, waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { has } from '../../scripts/requirements.ts'
import { key } from '../engine-world.ts'
import { foldOfJournals, fromLines } from '../fold-of-journal.ts'
import { keepJournals, killAll, pause } from './place.ts'
import { answerUntilDone, begin, check, openAsk, worker } from './rounds.ts'
import { sshPlace } from './ssh-place.ts'

/** How long nobody is there: ten minutes when everything is tried. */
const AWAY_S = isThorough ? 600 : 5
const DELTA_MS = 25

it.skipIf(!has('sshd') || !has('ssh') || !canDropPackets())(
  'what an agent did while its machine was off the network and neither server nor client ran is all there afterwards, its ask too',
  { timeout: 180_000 + AWAY_S * 1000 },
  async () => {
    await using place = await sshPlace(worker)
    const { world } = place
    const journals = keepJournals(place)
    try {
      const count = Math.ceil((AWAY_S * 600) / DELTA_MS)
      const workspace = await begin(place, 'away', `Say ${count} words.`)
      const sessionId = workspace.sessions[0]?.id ?? ''
      await waitUntil(async () => (await world.events(sessionId)).some(({ event }) => event.type === 'turn_started'), {
        what: 'the turn to begin',
        timeout: 60_000,
      })
      const server = await world.serverPid()
      expect(killAll(server === undefined ? [] : [server])).toBe(true)
      {
        await using _off = await dropPackets(place.port)
        await pause(AWAY_S * 1000)
        // Asked by the agent, over there, with nobody who could hear it.
        const written = () => readFile(join(journals.folder, `agent-${sessionId}.out.1.ndjson`), 'utf8')
        await waitUntil(async () => (await written()).includes('can_use_tool'), {
          what: 'the agent to work on until it asks',
          timeout: 60_000,
        })
        expect(await world.serverPid()).toBeUndefined()
      }
      await openAsk(place, sessionId)
      await answerUntilDone(place, sessionId)
      await world.api.call('sessions.hibernate', { key: key(), sessionId })
      await waitUntil(async () => (await world.api.call('sessions.get', { sessionId })).process === undefined, {
        what: 'the agent to end',
        timeout: 60_000,
      })
      const events = await world.events(sessionId)
      check(events, longText(count))
      expect(events.filter(({ event }) => event.type === 'agent_process' && event.state === 'starting')).toHaveLength(1)
      expect(fromLines(events)).toEqual(await foldOfJournals(journals.folder, sessionId, events))
    } finally {
      await journals.stop()
    }
  },
)
