import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asksPermission, asksQuestion, plans, say, useTool } from '@skein/testkit'
import { expect, test } from 'vitest'
import { withClaude } from './testing/with-claude.ts'

test('a denied permission gives its comment to the model; an allowed one lets the tool run; each is resolved once', () =>
  withClaude(asksPermission('echo ran > proof.txt'), async ({ cwd, open }) => {
    const session = open().start()
    session.prompt('do it')
    const first = await session.next('permission_request')
    expect(first).toMatchObject({ toolName: 'Bash', title: 'Run echo ran > proof.txt' })
    session.answer(first, { outcome: 'deny', feedback: 'not before lunch' })
    expect(await session.next('turn_ended')).toMatchObject({ result: 'Not done: not before lunch', denials: ['Bash'] })
    expect(session.all('tool_call_update').at(-1)).toMatchObject({
      status: 'failed',
      denied: { by: 'user', reason: 'not before lunch' },
    })
    expect(existsSync(join(cwd, 'proof.txt'))).toBe(false)

    session.prompt('do it now')
    const second = await session.next('permission_request')
    session.answer(second, { outcome: 'allow', optionId: 'allow' })
    session.answer(second, { outcome: 'deny' })
    await session.next('turn_ended')
    expect(await readFile(join(cwd, 'proof.txt'), 'utf8')).toBe('ran\n')
    expect(session.all('permission_resolved')).toEqual([
      expect.objectContaining({
        requestId: first.requestId,
        optionId: 'reject',
        feedback: 'not before lunch',
        by: 'user',
      }),
      expect.objectContaining({ requestId: second.requestId, optionId: 'allow', by: 'user' }),
    ])
  }))

test('what is always allowed is not asked again in the session, and no settings file is written', () =>
  withClaude(
    (request) =>
      request.toolResults.length > 0
        ? say('done')
        : useTool('Bash', { command: 'touch made.txt', description: 'Make' }),
    async ({ cwd, open }) => {
      const session = open().start()
      session.prompt('first')
      const request = await session.next('permission_request')
      const always = request.options.find(({ kind }) => kind === 'allow_always')
      expect(always?.name).toMatch(/^Always allow `touch .*` in this session$/)
      session.answer(request, { outcome: 'allow', optionId: always?.optionId })
      await session.next('turn_ended')
      expect(session.all('permission_resolved')).toMatchObject([{ optionId: always?.optionId }])
      await session.turn('second')
      expect(session.all('permission_request')).toHaveLength(1)
      expect(existsSync(join(cwd, '.claude'))).toBe(false)
    },
  ))

test('a plan is sent back with comments, revised in the same turn, edited on approval, and carried out', () =>
  withClaude(plans('# Plan A\n', 'a.txt'), async ({ model, cwd, open }) => {
    const session = open({ permissionMode: 'plan' }).start()
    session.prompt('plan it')
    const first = await session.next('permission_request')
    expect(session.all('plan_update')).toMatchObject([
      { planId: first.planId, markdown: '# Plan A\n', state: 'proposed', path: expect.stringMatching(/\.md$/) },
    ])
    session.answer(first, { outcome: 'deny', feedback: 'mention the tests' })
    const second = await session.next('permission_request', ({ planId }) => planId !== undefined)
    session.answer(second, { outcome: 'allow', plan: '# My own plan\n', nextMode: 'accept_edits' })
    expect(await session.next('turn_ended')).toMatchObject({ result: 'I followed the plan.' })
    expect(existsSync(join(cwd, 'a.txt'))).toBe(true)
    expect(session.all('plan_update').map(({ state, edited, feedback }) => ({ state, edited, feedback }))).toEqual([
      { state: 'proposed' },
      { state: 'rejected', feedback: 'mention the tests' },
      { state: 'proposed' },
      { state: 'approved', edited: true },
    ])
    expect(session.all('plan_update').at(-1)?.markdown).toBe('# My own plan\n')
    expect(session.all('current_mode_update').map(({ modeId }) => modeId)).toEqual(['plan', 'accept_edits'])
    expect(session.all('turn_started')).toHaveLength(1)
    const approved = model.requests.at(-1)?.toolHistory.findLast(({ name }) => name === 'ExitPlanMode')
    expect(approved?.text).toContain('# My own plan')
  }))

test('a question is asked and its answer reaches the model', () =>
  withClaude(asksQuestion('Which colour?', ['Red', 'Blue']), async ({ open }) => {
    const session = open().start()
    session.prompt('ask me')
    const { requestId, input, questions } = await session.next('elicitation_request')
    expect(questions).toMatchObject([{ question: 'Which colour?', options: [{ label: 'Red' }, { label: 'Blue' }] }])
    const answers = { 'Which colour?': 'Blue' }
    session.send({ type: 'answer_questions', id: 'a1', requestId, input, answer: { outcome: 'answered', answers } })
    const ended = await session.next('turn_ended')
    expect(ended.result).toContain('"Which colour?"="Blue"')
    expect(session.all('elicitation_resolved')).toEqual([
      { type: 'elicitation_resolved', requestId, outcome: 'answered', answers, by: 'user' },
    ])
  }))

test('an interrupt while a permission is asked withdraws the ask', () =>
  withClaude(asksPermission(), async ({ open }) => {
    const session = open().start()
    session.prompt('do it')
    const { requestId } = await session.next('permission_request')
    session.send({ type: 'interrupt', id: 'i1' })
    expect(await session.next('turn_ended')).toMatchObject({ stopReason: 'cancelled' })
    expect(session.all('permission_resolved')).toEqual([
      { type: 'permission_resolved', requestId, outcome: 'cancelled', by: 'agent' },
    ])
    expect(session.state.asks).toEqual([])
  }))

test('on an isolated machine nothing is asked, and the mode can be left and entered again', () =>
  withClaude(asksPermission('touch made.txt'), async ({ cwd, open }) => {
    const session = open({ permissionMode: 'bypass', isolatedMachine: true }).start()
    await session.turn('do it')
    expect(existsSync(join(cwd, 'made.txt'))).toBe(true)
    expect(session.all('permission_request')).toEqual([])
    session.send({ type: 'set_mode', id: 'p1', mode: 'ask' })
    session.prompt('do it again')
    session.answer(await session.next('permission_request'), { outcome: 'deny' })
    await session.next('turn_ended')
    session.send({ type: 'set_mode', id: 'p2', mode: 'bypass' })
    await session.turn('and again')
    expect(session.all('permission_request')).toHaveLength(1)
    expect(session.all('permission_resolved')[0]?.feedback).toBe(undefined)
    expect(session.all('current_mode_update').map(({ modeId }) => modeId)).toEqual(['bypass', 'ask', 'bypass'])
  }))
