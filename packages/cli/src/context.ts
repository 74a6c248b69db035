import type { SkeinApi } from '@skein/protocol'
import type { ExitCode } from './exit-codes.ts'
import { paint, type Row, row, wrap } from './render/row.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly terminal: Terminal
  /** The server; started when there is none. */
  readonly api: SkeinApi
}

export type CommandResult = Promise<ExitCode>

/** Options that every command has. */
export interface CommonOptions {
  json?: boolean
}

/** Writes rows to stdout, wrapped where a person reads them. */
export function print(terminal: Terminal, rows: readonly Row[]): void {
  const wrapped = rows.flatMap((line) => wrap(line, terminal.columns(), row('  ')))
  terminal.stdout.write(wrapped.map((line) => `${paint(line, terminal.palette)}\n`).join(''))
}

/** Writes rows to stderr: what is not the command's result. */
export function remark(terminal: Terminal, rows: readonly Row[]): void {
  terminal.stderr.write(rows.map((line) => `${paint(line, terminal.errorPalette)}\n`).join(''))
}
