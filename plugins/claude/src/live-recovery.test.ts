import { asksPermission, echo, remembers } from '@skein/testkit'
import { expect, test } from 'vitest'
import { withClaude } from './testing/with-claude.ts'

test('after kill -9 in a turn everything open is closed, and the resumed session has its memory', () =>
  withClaude(
    (request, context) =>
      request.lastUserText === 'ask' ? asksPermission()(request, context) : remembers(request, context),
    async ({ open }) => {
      const session = open().start()
      const first = await session.turn('the word is yarn')
      session.prompt('ask')
      const { requestId, toolCallId } = await session.next('permission_request')
      await session.kill()
      expect(session.recovery).toEqual({ how: 'resume' })
      expect(session.all('permission_resolved')).toEqual([
        { type: 'permission_resolved', requestId, outcome: 'expired', by: 'runner' },
      ])
      expect(session.all('tool_call_update').at(-1)).toMatchObject({ toolCallId, status: 'failed' })
      expect(await session.next('turn_ended')).toMatchObject({ stopReason: 'process_lost', error: { retryable: true } })

      session.start({ how: 'resume' })
      const resumed = await session.turn('what was the word?')
      expect(resumed.result).toContain('the word is yarn')
      expect(resumed.costDelta).toBeLessThan(first.costDelta ?? 0)
      expect(session.all('usage_update').at(-1)?.cost?.amount).toBeCloseTo(
        (first.costDelta ?? 0) + (resumed.costDelta ?? 0),
        9,
      )
    },
  ))

test('killed before it wrote anything down, it is to be started as new', () =>
  withClaude(echo, async ({ open }) => {
    const session = open().start({ how: 'resume' })
    expect(await session.ended()).toEqual({ how: 'new' })
    expect(session.all('turn_started')).toEqual([])
    session.start({ how: 'new' })
    expect(await session.turn('hello')).toMatchObject({ result: 'hello' })
  }))

test('ended in peace and resumed, a session counts no cost twice', () =>
  withClaude(remembers, async ({ open }) => {
    const session = open().start()
    const first = await session.turn('the word is yarn')
    session.process?.stdin?.end()
    expect(await session.ended()).toEqual({ how: 'none' })
    session.start({ how: 'resume' })
    const second = await session.turn('which word?')
    expect(second.result).toContain('the word is yarn')
    expect(second.costDelta).toBeLessThan((first.costDelta ?? 0) / 2)
  }))

test('a fork has the memory of where it came from, and pays only for itself', () =>
  withClaude(remembers, async ({ open }) => {
    const origin = open().start()
    await origin.turn('the word is yarn')
    const before = await origin.turn('and another turn')
    origin.process?.stdin?.end()
    await origin.ended()
    const fork = open().start({ how: 'fork', from: origin.nativeSessionId })
    const ended = await fork.turn('which word?')
    expect(ended.result).toContain('the word is yarn')
    expect(fork.all('session_info_update').at(-1)?.nativeSessionId).toBe(fork.nativeSessionId)
    const { cost } = origin.state
    expect(ended.costDelta).toBeGreaterThan(before.costDelta ?? 0)
    expect(ended.costDelta).toBeLessThan(cost)
    expect(fork.state.reportedCost).toBeCloseTo(cost + (ended.costDelta ?? 0), 9)
  }))
