import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { oneTurn } from '../../test/envelopes.ts'
import { transcriptLines } from '../../test/rendering.ts'
import { TmuxTerminal } from '../../test/tmux.ts'

const PLAY = fileURLToPath(new URL('../../test/play.ts', import.meta.url))

describe.skipIf(!TmuxTerminal.available())('in a real terminal', () => {
  it.each([40, 200])('what is left of a turn that streamed is the transcript, %i columns wide', async (columns) => {
    await using terminal = await TmuxTerminal.open([process.execPath, PLAY, '15'], { columns, rows: 12 })
    expect(await terminal.exit()).toBe(0)
    const expected = transcriptLines(oneTurn(), { columns, plans: false }).map((line) => line.trimEnd())
    const screen = await terminal.screen(true)
    expect(screen.split('\n').slice(0, expected.length + 1)).toEqual([...expected, 'THE END'])
  })

  it('shows what goes on in the last line, and takes it away in the end', async () => {
    await using terminal = await TmuxTerminal.open([process.execPath, PLAY, '0', 'stay'], { columns: 60, rows: 12 })
    await terminal.shows(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Bash sleep x+…\n\n. Working .*\$0\.0123 · 1\/2 Test it {3}a hint/)
    await terminal.keys('Enter')
    expect(await terminal.exit()).toBe(0)
    expect(await terminal.screen(true)).not.toContain('Working')
  })

  it('survives a window that becomes narrow: the moving part stands there once', async () => {
    await using terminal = await TmuxTerminal.open([process.execPath, PLAY, '0', 'stay'], { columns: 100, rows: 20 })
    await terminal.shows('a hint')
    await terminal.resize(40, 20)
    await terminal.shows(/Bash sleep x{10,28}…/)
    expect((await terminal.screen(false)).match(/Working/g)).toHaveLength(1)
  })
})

it('writes plain lines without a single escape sequence into a pipe', () => {
  const { stdout, status } = spawnSync(process.execPath, [PLAY, '0'], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '' },
  })
  expect(status).toBe(0)
  expect(stdout).not.toContain('\x1b')
  expect(stdout.trimEnd().split('\n')).toEqual([...transcriptLines(oneTurn()), 'THE END'])
})
