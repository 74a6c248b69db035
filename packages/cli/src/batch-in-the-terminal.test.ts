import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hang, say } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { Computer } from '../test/computer.ts'
import { TmuxTerminal } from '../test/tmux.ts'

describe.skipIf(!TmuxTerminal.available())('a batch in a real terminal', { timeout: 180_000 }, () => {
  it('shows a table that moves, at 50 columns; Ctrl-C begins nothing more, a second one interrupts', async () => {
    const release = new AbortController()
    await using computer = await Computer.create((request) =>
      request.lastUserText.startsWith('quick') ? say('Was quick.') : hang(release.signal),
    )
    const rows = ['quick', 'slow', 'never'].map((prompt) => `  - {prompt: ${prompt} work, tag: the ${prompt} one}`)
    await writeFile(join(computer.repo, '..', 'batch.yaml'), `requests:\n${rows.join('\n')}\n`)
    await using terminal = await computer.terminal(['batch', '../batch.yaml', '--concurrency', '1'], {
      columns: 50,
      rows: 12,
    })
    await terminal.shows(/✓ the quick one/)
    const moving = await terminal.shows(/▸ the slow one[\s\S]*─ 1\/3/)
    for (const line of moving.split('\n')) expect(line.length, line).toBeLessThanOrEqual(50)
    await computer.model.waitForRequest(({ lastUserText }) => lastUserText.startsWith('slow'))
    await terminal.keys('C-c')
    await terminal.shows('Nothing more is begun')
    await terminal.keys('C-c')
    const end = await terminal.shows('To go on: skein batch')
    expect(await terminal.exit()).toBe(130)
    expect(end).toMatch(/1 succeeded, 1 cancelled, 1 not started/)
    expect(end).not.toContain('▸')
    release.abort()
  })
})
