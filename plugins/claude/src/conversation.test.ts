import { expect, it } from 'vitest'
import { conversation } from './conversation.ts'

const at = { home: '/home/me', env: {}, cwd: '/home/me/work/a.b', nativeSessionId: 'id' }

it('lies where the folder that the agent works in says', () => {
  expect(conversation(at)).toEqual({
    folder: '/home/me/.claude/projects/-home-me-work-a-b',
    names: ['id.jsonl', 'id'],
  })
})

it('lies in the configuration folder that the agent is told, under a name that is cut when it is long', () => {
  const { folder } = conversation({ ...at, env: { CLAUDE_CONFIG_DIR: '/c' }, cwd: `/${'x'.repeat(300)}` })
  expect(folder).toMatch(/^\/c\/projects\/-x{199}-[a-z0-9]+$/)
})
