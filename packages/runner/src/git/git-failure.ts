import { type ErrorCode, SkeinError } from '@skein/protocol'

interface Known {
  pattern: RegExp
  code: ErrorCode
  next: (match: RegExpExecArray) => string
}

/** The first that fits decides, so what is most certain stands first. */
const KNOWN: readonly Known[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    code: 'disk_full',
    next: () => 'Free some space on that disk, then try again. Nothing was lost.',
  },
  {
    pattern: /dubious ownership in repository at '(.*)'/,
    code: 'unauthorized',
    next: ([, where]) =>
      `The folder belongs to another user. If you trust it: git config --global --add safe.directory '${where}'`,
  },
  {
    pattern: /Unable to create '(.*\.lock)': File exists/,
    code: 'conflict',
    next: ([, lock]) => `Another git works there. If none does, remove ${lock} and try again.`,
  },
  {
    pattern:
      /Authentication failed|terminal prompts disabled|could not read (?:Username|Password)|Permission denied \(publickey/,
    code: 'unauthorized',
    next: () => 'The remote wants credentials: sign in with `git fetch` in that repository once, then try again.',
  },
  {
    pattern:
      /Could not resolve host|Connection (?:refused|timed out|reset)|unable to access|Could not read from remote/i,
    code: 'unavailable',
    next: () => 'Check the network and the address of the remote (git remote -v), then try again.',
  },
  {
    pattern: /not a git repository/i,
    code: 'not_found',
    next: () => 'Give a folder inside a git repository, or make one there with `git init`.',
  },
  {
    pattern: /cannot change to '(.*)': (?:No such file|Not a directory)/,
    code: 'not_found',
    next: ([, where]) => `There is no folder ${where}.`,
  },
  {
    pattern: /Permission denied|Read-only file system|Operation not permitted/i,
    code: 'unavailable',
    next: () => 'Check the owner and the mode of the path, and that its file system can be written.',
  },
  {
    pattern:
      /bad object|unable to read (?:tree|sha1|object)|object file .* is empty|loose object .* is corrupt|missing blob/i,
    code: 'conflict',
    next: () => 'The repository lacks objects or is damaged: `git fsck` says which.',
  },
]

/** Another git holds a lock or is just writing what was read: waiting helps. */
export function isHeldLock(stderr: string): boolean {
  return (
    /Unable to create '.*\.lock': File exists/.test(stderr) ||
    /could not lock config file .*: File exists/.test(stderr) ||
    // git lists all work trees for some commands, and dies of one that is half made.
    /failed to read .*worktrees\/.*\/(?:commondir|HEAD)/.test(stderr)
  )
}

/** The error for a git that failed: what was being done, git's own last word, and the remedy. */
export function gitFailure(
  { doing, at }: { doing: string; at: string },
  { code, stderr }: { code: number; stderr: string },
): SkeinError {
  const said = lastWord(stderr)
  for (const { pattern, code: kind, next } of KNOWN) {
    const match = pattern.exec(stderr)
    if (match) return new SkeinError(kind, `${doing}: ${said}`, { next: next(match), details: { stderr } })
  }
  return new SkeinError('internal', `${doing}: git ended with ${code}${said === '' ? '' : `: ${said}`}`, {
    next: `See what git itself says in ${at}.`,
    details: { stderr },
  })
}

function lastWord(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const blunt = lines.filter((line) => /^(?:fatal|error): /.test(line)).at(-1)
  return (blunt ?? lines.at(-1) ?? '').replace(/^(?:fatal|error): /, '')
}
