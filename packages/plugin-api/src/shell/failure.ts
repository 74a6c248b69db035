import { type ErrorCode, SkeinError } from '@skein/protocol'
import type { ShellDoor, ShellRun } from './door.ts'

const SHOWN = 1200
/** How long the end of a stream may come before the end of what carried it. */
const EXIT_MS = 3000

/** What was printed, as it can stand in a message. */
function quoted(...outputs: string[]): string {
  const text = outputs
    .map((output) => output.trim())
    .filter((output) => output !== '')
    .join('\n')
  return text === '' ? '' : `\n${text.slice(-SHOWN)}`
}

/** The stream ended before the other side had said what was waited for. */
export async function endedEarly(door: ShellDoor, run: ShellRun, phase: string, stdout: string): Promise<Error> {
  const late = new Promise<{ code: null; signal: null }>((resolve) => {
    setTimeout(() => resolve({ code: null, signal: null }), EXIT_MS).unref()
  })
  const { code, signal } = await Promise.race([run.exited, late])
  const stderr = run.stderr()
  const known = door.explain?.({ code, signal, stderr, stdout })
  if (known && (phase === 'answer' || code === 255)) return known
  const how = signal !== null ? `was ended by ${signal}` : code !== null ? `ended with exit status ${code}` : 'ended'
  const before = phase === 'answer' ? 'before it ran our command' : 'before the runner answered'
  const next = missingShell(stderr + stdout)
    ? 'The machine needs a POSIX shell at /bin/sh, and a login that may run commands.'
    : `Try it by hand: it must run the command line that it is given, and pass its input and output through.`
  return new SkeinError('unavailable', `${door.name} ${how} ${before}${quoted(stdout, stderr)}`, {
    next,
    details: { phase, ended: true, exitCode: code, ...(signal === null ? {} : { signal }) },
  })
}

const missingShell = (text: string) => /not found|no such file|not available|not enabled|not allowed/i.test(text)

export function timedOut(name: string, patience: number, phase: string, stdout: string, stderr: string): SkeinError {
  const seconds = Math.round(patience / 100) / 10
  const what =
    phase === 'answer'
      ? `nothing that our command wrote came back within ${seconds} s`
      : phase === 'send'
        ? `it took no input for ${seconds} s`
        : `the machine said nothing for ${seconds} s`
  const next =
    phase === 'answer'
      ? 'Try it by hand: it must run the command line that it is given at once, and pass its output through.'
      : 'See whether the machine is overloaded, then try again.'
  return new SkeinError('unavailable', `${name}: ${what}${quoted(stdout, stderr)}`, { next, details: { phase } })
}

/** What the runner there said instead of being ready: the body of its own error. */
export function runnerError(name: string, text: string): SkeinError {
  const { code, message, next, details } = JSON.parse(text) as ReturnType<SkeinError['toBody']>
  return new SkeinError(code, `${name}: ${message}`, { next, details: { ...details, phase: 'runner' } })
}

const NODE_YOURSELF = 'Install Node 20 or later on the machine, so that `node --version` works there.'

/** What the bootstrap script said with `failed`: its first word, and details. */
export function failedThere(name: string, text: string): SkeinError {
  const [reason = '', ...words] = text.trim().split(' ')
  const rest = words.join(' ').trim()
  const error = (code: ErrorCode, message: string, next?: string) =>
    new SkeinError(code, `${name}: ${message}`, { next, details: { phase: 'bring', reason } })
  switch (reason) {
    case 'folder':
      return error(
        'missing',
        `there is no folder for the runner that can be written: ${rest || 'HOME is not set'}`,
        "Make the home folder writable, or name another folder in the machine's setting `directory`.",
      )
    case 'space': {
      const [free = '', folder = '', ...why] = words
      const left = /^\d+$/.test(free) ? `; ${Math.round(Number(free) / 1024)} MB are free` : ''
      return error(
        'disk_full',
        `writing to ${folder} failed${left}${why.length > 0 ? `: ${why.join(' ').trim()}` : ''}`,
        'Free some space there (the runner needs 2 MB, Node 200 MB), or choose another folder with `directory`.',
      )
    }
    case 'input':
      return error(
        'unavailable',
        'the input ended before everything had arrived',
        'The connection was lost, or whatever carries it closes its input: it must pass stdin through.',
      )
    case 'hash':
      return error(
        'unavailable',
        `the ${rest} that arrived is not the one that was sent`,
        'Whatever carries the connection must pass bytes through unchanged (no terminal, no translation of line ends).',
      )
    case 'platform':
      return error(
        'missing',
        `there is no Node on the machine, and none that Skein could bring to ${rest}`,
        NODE_YOURSELF,
      )
    case 'musl':
      return error(
        'missing',
        'there is no Node on the machine, and its C library is musl, for which Node is not published',
        'Install it from the distribution (Alpine: apk add nodejs).',
      )
    case 'glibc':
      return error(
        'missing',
        `there is no Node ≥ 20 on the machine, and the one that Skein brings needs glibc 2.28; found ${rest}`,
        NODE_YOURSELF,
      )
    case 'noexec':
      return error(
        'missing',
        `programs cannot be run in ${rest}`,
        `${NODE_YOURSELF} Or name a folder in \`directory\` whose file system is not mounted noexec.`,
      )
    case 'noderun':
      return error('missing', `the Node that was brought does not start there: ${rest}`, NODE_YOURSELF)
    case 'node':
      return error(
        'unavailable',
        `there is no Node on the machine, and it could not be brought: ${rest}`,
        `${NODE_YOURSELF} Or let this computer reach npm's registry.`,
      )
    default:
      return error('internal', `the runner could not be brought: ${text}`)
  }
}
