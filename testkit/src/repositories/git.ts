import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { SkeinError } from '@skein/protocol'

/** The environment of every git that makes fixtures: nobody's configuration, always the same author and date. */
export const GIT_ENV = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  LC_ALL: 'C.UTF-8',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada Lovelace',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_AUTHOR_DATE: '2026-01-01T12:00:00Z',
  GIT_COMMITTER_NAME: 'Ada Lovelace',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  GIT_COMMITTER_DATE: '2026-01-01T12:00:00Z',
}

/** Runs git in `dir` and resolves to what it printed, as it is. Fails with git's own words. */
export async function git(
  dir: string,
  args: string[],
  options: { input?: Readable; at?: string } = {},
): Promise<string> {
  const dates = options.at === undefined ? {} : { GIT_AUTHOR_DATE: options.at, GIT_COMMITTER_DATE: options.at }
  const child = spawn('git', ['-c', 'protocol.file.allow=always', '-c', 'gc.auto=0', ...args], {
    cwd: dir,
    env: { ...GIT_ENV, ...dates },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const fed = options.input !== undefined && child.stdin ? pipeline(options.input, child.stdin) : Promise.resolve()
  const { stdout, stderr } = child
  const [code, , out, complaint] = await Promise.all([
    ended,
    fed,
    stdout ? text(stdout) : '',
    stderr ? text(stderr) : '',
  ])
  if (code === 0) return out
  throw new SkeinError('internal', `git ${args.join(' ')} in ${dir} failed with ${code}: ${complaint.trim()}`)
}

/** An empty repository on branch `main`. */
export async function initRepository(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  await git(dir, ['init', '--quiet', '--initial-branch=main', '--template='])
  await git(dir, ['config', 'user.name', GIT_ENV.GIT_AUTHOR_NAME])
  await git(dir, ['config', 'user.email', GIT_ENV.GIT_AUTHOR_EMAIL])
}

/** Everything that is not ignored, as one commit; resolves to its id. */
export async function commitAll(dir: string, message: string, at?: string): Promise<string> {
  await git(dir, ['add', '--all'])
  await git(dir, ['commit', '--quiet', '--message', message], at === undefined ? {} : { at })
  return (await git(dir, ['rev-parse', 'HEAD'])).trim()
}

/** Writes files, with the folders above them; keys are paths in `dir`. */
export async function writeFiles(dir: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), content)
  }
}
