import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { terminalPicture } from './terminal-picture.ts'

/** Runs `./skein demo` in a real terminal and makes README's picture of it. Usage: `node scripts/demo-picture.ts [FILE]` */
const root = join(import.meta.dirname, '..')
const COLUMNS = 100
const ROWS = 60
const PATIENCE_MS = 180_000
/** The part that is shown, by its first and its last line: the plan's review, the work, the result. */
const FIRST = /^\? Present the plan/
const LAST = /orbit\.js +\+\d+ +−\d+$/

async function main(file: string): Promise<void> {
  const screen = await recorded(`'${join(root, 'skein')}' demo --yes`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, terminalPicture(excerpt(screen), { title: './skein demo', columns: COLUMNS }))
  console.log(`Wrote ${file}`)
}

function excerpt(screen: string): string {
  const lines = screen.split('\n')
  const plain = lines.map((line) => stripVTControlCharacters(line).trimEnd())
  const from = plain.findIndex((line) => FIRST.test(line))
  const to = plain.findIndex((line, index) => index > from && LAST.test(line))
  if (from === -1 || to === -1) throw new Error(`the demo does not show what the picture is of:\n${plain.join('\n')}`)
  return lines.slice(from, to + 1).join('\n')
}

/** All that a command printed into a terminal, with its colours. */
async function recorded(command: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-picture-'))
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: environment(),
    })
  try {
    tmux('new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), 'sleep 1; exec sh')
    tmux('set-option', '-g', 'history-limit', '10000')
    tmux(
      'respawn-pane',
      '-k',
      `${command}; tmux -S '${join(folder, 'tmux')}' set-option -g @ended "$?"; exec sleep 3600`,
    )
    const deadline = Date.now() + PATIENCE_MS
    let ended = ''
    while (ended === '') {
      if (Date.now() > deadline) throw new Error(`${command} did not end:\n${tmux('capture-pane', '-p')}`)
      await sleep(200)
      ended = tmux('show-options', '-gqv', '@ended').trim()
    }
    const screen = tmux('capture-pane', '-e', '-p', '-S', '-')
    if (ended !== '0') throw new Error(`${command} ended with ${ended}:\n${screen}`)
    return screen
  } finally {
    try {
      tmux('kill-server')
    } catch {
      // It has just ended.
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

function environment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, LANG: 'C.UTF-8', TERM: 'xterm-256color', COLORTERM: 'truecolor' }
}

await main(process.argv[2] ?? join(root, 'docs', 'images', 'demo.svg'))
