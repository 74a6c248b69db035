import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { waitUntil } from '@skein/testkit'

const run = promisify(execFile)

/** A real terminal with a command in it: tmux on a socket of its own. */
export class TmuxTerminal implements AsyncDisposable {
  readonly #folder: string
  readonly #socket: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#socket = join(folder, 'tmux')
  }

  /** Whether this computer has tmux. */
  static available(): boolean {
    try {
      execFileSync('tmux', ['-V'])
      return true
    } catch {
      return false
    }
  }

  static async open(
    command: string[],
    options: { columns?: number; rows?: number; env?: Record<string, string>; cwd?: string } = {},
  ): Promise<TmuxTerminal> {
    const terminal = new TmuxTerminal(mkdtempSync(join(tmpdir(), 'skein-tmux-')))
    const { columns = 100, rows = 40, env = process.env, cwd = tmpdir() } = options
    // The pane stays after the command has ended, so that its last screen and its exit status can be read.
    await run(
      'tmux',
      [
        '-S',
        terminal.#socket,
        '-f',
        '/dev/null',
        'new-session',
        '-d',
        '-x',
        String(columns),
        '-y',
        String(rows),
        '-c',
        cwd,
        // tmux itself sometimes misses the end of a command.
        '/bin/sh',
        '-c',
        `trap : INT TERM; "$@"; echo $? > ${terminal.#folder}/status.new; mv ${terminal.#folder}/status.new ${terminal.#folder}/status`,
        'sh',
        ...command,
        ';',
        'set-option',
        '-g',
        'remain-on-exit',
        'on',
        ';',
        'set-option',
        '-g',
        'history-limit',
        '5000',
        ';',
        // What is cleared is gone, as in other terminals.
        'set-option',
        '-gq',
        'scroll-on-clear',
        'off',
      ],
      { env: { ...env, TERM: 'xterm-256color' } },
    )
    return terminal
  }

  /** What stands on the screen, and above it with `history`. */
  async screen(history = false): Promise<string> {
    const { stdout } = await this.#tmux('capture-pane', '-p', ...(history ? ['-S', '-'] : []))
    return stdout.replace(/[ \t]+$/gm, '').trimEnd()
  }

  /** Types; names like `Enter`, `Down`, `C-c` are keys. */
  async keys(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** The process id of the command. */
  async pid(): Promise<number> {
    const { stdout: shell } = await this.#tmux('display-message', '-p', '#{pane_pid}')
    const { stdout } = await run('ps', ['--ppid', shell.trim(), '-o', 'pid='])
    return Number(stdout)
  }

  /** Waits until the screen shows it. */
  async shows(what: string | RegExp, timeout = 60_000): Promise<string> {
    let last = ''
    return waitUntil(
      async () => {
        last = await this.screen(true)
        return (typeof what === 'string' ? last.includes(what) : what.test(last)) ? last : undefined
      },
      { what: `${what} on the screen`, timeout, every: 50, explain: () => last },
    )
  }

  /** Waits for the command's end; answers its exit status. */
  async exit(timeout = 60_000): Promise<number> {
    const status = await waitUntil(() => readFile(join(this.#folder, 'status'), 'utf8'), {
      what: 'the end of the command',
      timeout,
      every: 50,
      explain: () => this.screen(true),
    })
    return Number(status)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #tmux(...args: string[]): Promise<{ stdout: string }> {
    return run('tmux', ['-S', this.#socket, ...args])
  }
}
