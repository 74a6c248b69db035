import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { say, useTool } from '@skein/testkit'
import { expect, test } from 'vitest'
import { withClaude } from './testing/with-claude.ts'

test('what a sub-agent does is told as its own, below the call that started it', () =>
  withClaude(
    (request) =>
      request.toolResults.length > 0 || request.userTexts.length > 1
        ? say('delegated')
        : useTool('Agent', {
            description: 'Look around',
            prompt: 'look',
            subagent_type: 'general-purpose',
            run_in_background: false,
          }),
    async ({ cwd, open }) => {
      const session = open().start()
      await session.turn('delegate')
      const running = session.all('subagent_update').find(({ state }) => state === 'running')
      expect(running).toMatchObject({ kind: 'subagent', title: 'Look around', toolCallId: expect.any(String) })
      const own = session.events.filter(({ agentId }) => agentId === running?.agentId)
      expect(own.map(({ event }) => event.type)).toEqual(expect.arrayContaining(['tool_call', 'tool_call_update']))
      expect(own.every(({ parentToolCallId }) => parentToolCallId === running?.toolCallId)).toBe(true)
      expect(own.find(({ event }) => event.type === 'tool_call')?.event).toMatchObject({
        title: 'Read README.md',
        locations: [{ path: join(cwd, 'README.md') }],
      })
      const done = session.all('subagent_update').at(-1) ?? (await session.next('subagent_update'))
      expect(done).toMatchObject({ agentId: running?.agentId, state: 'completed' })
      expect(session.state.tasks).toEqual([])
    },
    {
      subagent: (request) =>
        request.toolResults.length > 0
          ? say('found 42')
          : useTool('Read', { file_path: join(request.cwd, 'README.md') }, { saying: 'reading' }),
    },
  ))

test('a background command outlives its turn and wakes the agent, without a prompt', () =>
  withClaude(
    (request) => {
      const asked = request.toolHistory.length === 0 && request.toolResults.length === 0
      const command = 'until [ -e go ]; do sleep 0.05; done; echo woke'
      return asked ? useTool('Bash', { command, run_in_background: true, description: 'Wait' }) : say('noted')
    },
    async ({ cwd, open }) => {
      const session = open({ allowedTools: ['Bash'] }).start()
      await session.turn('start it')
      const running = session.all('subagent_update').at(-1)
      expect(running).toMatchObject({ kind: 'shell', title: 'Wait', state: 'running', background: true })
      expect(session.state.tasks).toHaveLength(1)
      await writeFile(join(cwd, 'go'), '')
      expect(await session.next('subagent_update', ({ state }) => state === 'completed')).toMatchObject({
        agentId: running?.agentId,
        outputFile: expect.any(String),
      })
      expect(await session.next('turn_started')).toEqual({ type: 'turn_started', origin: 'task', messageIds: [] })
      expect(await session.next('turn_ended')).toMatchObject({ stopReason: 'end_turn', result: 'noted' })
      expect(session.state.tasks).toEqual([])
    },
  ))

test('the task list of the agent is told as a plan', () =>
  withClaude(
    [
      useTool('TaskCreate', { subject: 'First', description: 'd' }),
      useTool('TaskCreate', { subject: 'Second', description: 'd' }),
      useTool('TaskUpdate', { taskId: '1', status: 'in_progress' }),
      useTool('TaskUpdate', { taskId: '2', status: 'deleted' }),
      say('done'),
    ],
    async ({ open }) => {
      const session = open().start()
      await session.turn('plan your work')
      const lists = session
        .all('plan')
        .map(({ entries }) => entries.map(({ content, status }) => `${content} ${status}`))
      expect(lists).toEqual([
        ['First pending'],
        ['First pending', 'Second pending'],
        ['First in_progress', 'Second pending'],
        ['First in_progress'],
      ])
    },
  ))

test('an edit is told with the change that was asked for and the one that was made', () =>
  withClaude(
    (request) => {
      const file_path = join(request.cwd, 'README.md')
      if (request.toolHistory.length === 0) return useTool('Read', { file_path })
      if (request.toolHistory.length === 1)
        return useTool('Edit', { file_path, old_string: '# thermo', new_string: '# thermometer' })
      return say('edited')
    },
    async ({ cwd, open }) => {
      const session = open({ permissionMode: 'accept_edits' }).start()
      await session.turn('edit it')
      const path = join(cwd, 'README.md')
      expect(session.all('tool_call').at(-1)).toMatchObject({
        title: 'Edit README.md',
        kind: 'edit',
        content: [{ type: 'diff', path, oldText: '# thermo', newText: '# thermometer' }],
      })
      const update = session.all('tool_call_update').at(-1)
      expect(update?.content?.[0]).toMatchObject({
        type: 'diff',
        path,
        hunks: [{ oldStart: 1, lines: expect.arrayContaining(['-# thermo', '+# thermometer']) }],
      })
      expect(update?.rawOutput).toBe(undefined)
    },
  ))
