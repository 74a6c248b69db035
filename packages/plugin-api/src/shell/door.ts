import type { Duplex } from 'node:stream'

/** A command line that runs on a machine, with streams at its ends. */
export interface ShellRun {
  /** Its stdin and stdout, bytes. */
  readonly stream: Duplex
  /** The last of what it wrote to stderr, for messages. */
  stderr(): string
  /** When it has ended here: of the command itself, or of what carried it. */
  readonly exited: Promise<{ code: number | null; signal: string | null }>
  /** Ends what carries it (its whole process group), at once. */
  kill(): void
}

/**
 * A way to run a command line on a machine: `ssh host …`, `docker exec …`, a `connect` script. All that a machine needs, because
 * the runner can be brought, started and joined through it, and ports reached (`RunnerDoor`).
 */
export interface ShellDoor {
  /** In messages: "ssh build-box". */
  readonly name: string
  /** `command` is parsed by the machine's POSIX shell. Nothing secret may stand in it: it shows in `ps` on both sides. */
  run(command: string, signal?: AbortSignal): Promise<ShellRun>
  /** Turns an end that came before the runner answered (exit code, stderr) into an error with its remedy, where it knows better. */
  explain?(failure: { code: number | null; signal: string | null; stderr: string; stdout: string }): Error | undefined
}
