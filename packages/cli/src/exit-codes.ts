import type { ErrorCode, StopReason } from '@skein/protocol'

/** The exit codes of every command. A script may rely on them; `docs/cli.md` says the same. */
export const ExitCode = {
  /** It was done; for `run`, `send --wait` and `attach`: the turn ended well. */
  ok: 0,
  /** It was not done; the turn failed, the patch conflicts, the doctor found an error. */
  failed: 1,
  /** The command line is wrong, or a confirmation is missing that nobody is there to give. */
  usage: 2,
  /** An ask waits and nobody is here to answer it. It stays answerable. */
  askWaits: 3,
  /** A budget, a number of turns or a time was used up. */
  limit: 4,
  /** Interrupted with Ctrl-C. */
  interrupted: 130,
  /** Whoever read the output has left, e.g. `| head`. */
  brokenPipe: 141,
  /** SIGTERM or SIGHUP: detached, the work goes on. */
  terminated: 143,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

const BY_STOP_REASON: Record<StopReason, ExitCode> = {
  end_turn: ExitCode.ok,
  max_tokens: ExitCode.failed,
  max_turn_requests: ExitCode.limit,
  refusal: ExitCode.failed,
  cancelled: ExitCode.interrupted,
  budget: ExitCode.limit,
  limit: ExitCode.limit,
  context_full: ExitCode.failed,
  hook: ExitCode.failed,
  error: ExitCode.failed,
  process_lost: ExitCode.failed,
}

/** How a turn's end is told to the shell. */
export function exitCodeOfTurn(stopReason: StopReason): ExitCode {
  return BY_STOP_REASON[stopReason]
}

/** How an error is told to the shell. */
export function exitCodeOfError(code: ErrorCode): ExitCode {
  switch (code) {
    case 'invalid':
    case 'needs_confirmation':
      return ExitCode.usage
    case 'timed_out':
      return ExitCode.limit
    case 'cancelled':
      return ExitCode.interrupted
    default:
      return ExitCode.failed
  }
}
