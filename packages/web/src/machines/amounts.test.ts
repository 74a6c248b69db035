import type { Workspace } from '@skein/protocol'
import { expect, test } from 'vitest'
import { bytes, processOwner, shellLine } from './amounts.ts'

test('sizes are told as people read them', () => {
  expect([0, 512, 2048, 150 * 2 ** 20, 4.25 * 2 ** 30, 3 * 2 ** 40].map(bytes)).toEqual([
    '0 B',
    '512 B',
    '2.0 KB',
    '150 MB',
    '4.3 GB',
    '3.0 TB',
  ])
})

test('a process is told as what it is and whose', () => {
  const workspace = { id: 'w-1', sessions: [{ id: 's-1' }] } as Workspace
  expect(processOwner('agent-s-1', [workspace])).toEqual({ what: 'Agent', workspace })
  expect(processOwner('setup-w-1', [workspace])).toEqual({ what: 'Set-up', workspace })
  expect(processOwner('service-9f2', [workspace])).toEqual({ what: 'A service', workspace: undefined })
})

test('a command is one line that a shell takes as it was meant', () => {
  expect(shellLine({ argv: ['ssh', '-t', 'box', "echo 'hi' $X"], env: { TERM: 'xterm' } })).toBe(
    "TERM=xterm ssh -t box 'echo '\\''hi'\\'' $X'",
  )
})
