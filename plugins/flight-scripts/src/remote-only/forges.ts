import { SkeinError } from '@skein/plugin-api'
import { runScript } from '../run-script.ts'

/** A repository on a forge, to read single files of its default branch from. */
export interface ScriptForge {
  /** For messages: `acme/shop`. */
  readonly repository: string
  /** The file's text; undefined if there is no such file. Throws `unavailable` for anything else. */
  read(path: string, signal?: AbortSignal): Promise<string | undefined>
}

const READ_MS = 30_000

/** `owner/repo`, `github.com/owner/repo` and a URL that may end with `.git` are the same repository. */
export function parseRepository(input: string): { host: string | undefined; owner: string; repo: string } {
  const text = input
    .trim()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
  const scp = /^[\w.-]+@([\w.-]+):(.+)$/.exec(text)
  const path = scp ? `${scp[1]}/${scp[2]}` : text.replace(/^[a-z+]+:\/\/([^/@]*@)?/i, '')
  const parts = path.split('/').filter((part) => part !== '')
  const repo = parts.pop()
  const owner = parts.pop()
  if (!repo || !owner || parts.length > 1)
    throw new SkeinError('invalid', `${JSON.stringify(input)} is no repository`, {
      next: 'Give owner/repo, github.com/owner/repo, or the URL of a repository.',
    })
  return { host: parts[0], owner, repo }
}

/** A repository on GitHub, read by the person's own `gh`. */
export function githubForge(owner: string, repo: string, env: Record<string, string>): ScriptForge {
  const repository = `${owner}/${repo}`
  return {
    repository,
    async read(path, signal) {
      const what = `repos/${owner}/${repo}/contents/${path}`
      const argv = ['gh', 'api', what, '-H', 'Accept: application/vnd.github.raw'] satisfies [string, ...string[]]
      const limits = { timeoutMs: READ_MS, ...(signal && { signal }) }
      const answer = await runScript(`gh api ${what}`, { argv, env, cwd: '/' }, limits)
      if (answer.code === 0) return answer.stdout
      if (/HTTP 404/.test(answer.stderr)) return undefined
      throw new SkeinError('unavailable', `reading ${path} of ${repository}: ${answer.stderr.trim()}`, {
        next: 'Run `gh auth status`.',
      })
    },
  }
}

/** A repository on a Forgejo. The token goes with the request only, never into a command line. */
export function forgejoForge(base: string, owner: string, repo: string, token?: string): ScriptForge {
  const repository = `${owner}/${repo}`
  return {
    repository,
    async read(path, signal) {
      const url = `${base.replace(/\/+$/, '')}/api/v1/repos/${owner}/${repo}/raw/${path}`
      const late = AbortSignal.timeout(READ_MS)
      const failed = (why: string, cause?: unknown) =>
        new SkeinError('unavailable', `reading ${path} of ${repository} from ${base}: ${why}`, {
          next: 'See whether the address is right, and the token may read that repository.',
          cause,
        })
      try {
        const answer = await fetch(url, {
          signal: signal ? AbortSignal.any([signal, late]) : late,
          headers: token === undefined ? {} : { authorization: `token ${token}` },
        })
        if (answer.status === 404) return undefined
        if (!answer.ok) throw failed(`HTTP ${answer.status}`)
        return await answer.text()
      } catch (error) {
        throw error instanceof SkeinError
          ? error
          : failed(error instanceof Error ? error.message : String(error), error)
      }
    },
  }
}
