import { colourPalette, type Palette, plainPalette } from './render/palette.ts'

/** Where a command reads from and writes to, and what that place can do. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** A person sits here: may be asked, and sees things move. */
  readonly interactive: boolean
  readonly palette: Palette
  /** For what goes to stderr, which may be another place than stdout. */
  readonly errorPalette: Palette
  /** Columns to lay text out in; infinite when it goes to a file or a pipe. */
  columns(): number
  rows(): number
}

const NARROWEST = 20

/** The terminal that this process was started in. `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are honoured. */
export function processTerminal(env: NodeJS.ProcessEnv): Terminal {
  const { stdin, stdout, stderr } = process
  const capable = env.TERM !== 'dumb'
  const live = stdout.isTTY === true && capable
  const palette = (stream: NodeJS.WriteStream): Palette => {
    if (env.NO_COLOR) return plainPalette
    if (env.FORCE_COLOR) return env.FORCE_COLOR === '0' ? plainPalette : colourPalette
    return stream.isTTY === true && capable ? colourPalette : plainPalette
  }
  return {
    stdin,
    stdout,
    stderr,
    interactive: live && stdin.isTTY === true,
    palette: palette(stdout),
    errorPalette: palette(stderr),
    columns: () => (live ? Math.max(NARROWEST, stdout.columns || 80) : Number.POSITIVE_INFINITY),
    rows: () => (live ? Math.max(4, stdout.rows || 24) : Number.POSITIVE_INFINITY),
  }
}
