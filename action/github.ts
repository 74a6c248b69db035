import { readFileSync } from 'node:fs'

/** What the event that started the workflow says of a pull request. */
export interface Event {
  number?: number
  title?: string
  base?: string
  head?: string
  /** The branch of the pull request, where it is in the same repository. */
  branch?: string
}

interface Payload {
  pull_request?: {
    number: number
    title: string
    base: { sha: string }
    head: { sha: string; ref: string; repo: { full_name: string } | null }
  }
  repository?: { full_name: string }
}

/** Reads `GITHUB_EVENT_PATH`; nothing of it for events without a pull request. */
export function readEvent(path: string | undefined): Event {
  if (!path) return {}
  const { pull_request: pull, repository } = JSON.parse(readFileSync(path, 'utf8')) as Payload
  if (!pull) return {}
  const own = pull.head.repo?.full_name === repository?.full_name
  return {
    number: pull.number,
    title: pull.title,
    base: pull.base.sha,
    head: pull.head.sha,
    ...(own ? { branch: pull.head.ref } : {}),
  }
}

/** GitHub's limit is 65,536 characters. */
const LONGEST = 60_000

/** Comments on a pull request; a comment with the same marker is replaced, so that there is one and not one for each push. */
export async function commentOn(
  number: number,
  { text, marker, token, env }: { text: string; marker: string; token: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  const base = `${env.GITHUB_API_URL ?? 'https://api.github.com'}/repos/${env.GITHUB_REPOSITORY}/issues`
  const body = `${marker}\n${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}`
  const before = await commentWith(marker, `${base}/${number}/comments`, token)
  if (before === undefined) await call('POST', `${base}/${number}/comments`, token, { body })
  else await call('PATCH', `${base}/comments/${before}`, token, { body })
}

async function commentWith(marker: string, url: string, token: string): Promise<number | undefined> {
  for (let page = 1; ; page++) {
    const comments = (await call('GET', `${url}?per_page=100&page=${page}`, token)) as { id: number; body?: string }[]
    const found = comments.find(({ body }) => body?.startsWith(marker))
    if (found) return found.id
    if (comments.length < 100) return undefined
  }
}

async function call(method: string, url: string, token: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (response.ok) return response.json()
  const hint = response.status === 403 ? ' (does the job have the permission pull-requests: write?)' : ''
  throw new Error(`${method} ${new URL(url).pathname}: GitHub answered ${response.status}${hint}`)
}
