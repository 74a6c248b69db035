import type { Check, CheckRun, Finding, RepositoryScript, SearchHit, Service, Terminal } from '@skein/protocol'

/** Things to look at, by what is hard to show: many, long, failing, hostile. */

const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export const SCRIPTS: RepositoryScript[] = [
  {
    ...{ path: 'skein.json', kind: 'check', summary: 'test: npx vitest run' },
    content: '{\n  "checks": {\n    "test": "npx vitest run"\n  }\n}\n',
  },
  {
    ...{ path: 'scripts/setup.sh', kind: 'setup', summary: 'Runs npm install' },
    content: '#!/bin/sh\nset -eu\nnpm install\n# user\u202egnp.exe\n'.repeat(12),
  },
  { path: '.claude/settings.json', kind: 'agent_hooks', summary: '1 hook after each edit', content: '{"hooks": {}}' },
]

export function fixtureChecks(workspaceId: string, now: number): Check[] {
  const last = (name: string, over: Partial<CheckRun>): CheckRun => ({
    ...{ id: `run-${name}-0`, workspaceId, name, state: 'passed', startedAt: now - 3 * MINUTE },
    ...{ endedAt: now - 3 * MINUTE + 41_200, exitCode: 0, cause: 'turn', turnId: 't1', round: 0 },
    ...over,
  })
  const check = (name: string, run: string, over: Partial<Check>): Check => ({
    ...{ workspaceId, name, run, afterTurn: false, fixRounds: 0 },
    ...over,
  })
  return [
    check('test', 'npx vitest run --reporter=verbose', {
      ...{ afterTurn: true, fixRounds: 3 },
      last: last('test', { state: 'failed', exitCode: 1, cause: 'fix', round: 2, note: '3 of 412 tests failed' }),
    }),
    check('lint', 'npx biome check .', { afterTurn: true, last: last('lint', { endedAt: now - 3 * MINUTE + 900 }) }),
    check(
      'build',
      'npm run build -- --mode production --sourcemap false --report all --output-path ./dist/preview-builds',
      {
        last: last('build', { cause: 'person', startedAt: now - 26 * HOUR, endedAt: now - 26 * HOUR + 214_000 }),
      },
    ),
    check('types', 'npx tsc --noEmit', {
      last: last('types', { state: 'running', startedAt: now - 12_000, endedAt: undefined, exitCode: undefined }),
    }),
    check('e2e', './scripts/e2e.sh', {
      last: last('e2e', { state: 'error', exitCode: undefined, note: 'it ran longer than 10 minutes and was ended' }),
    }),
    check('a check with a very long name that somebody thought was a good idea', 'true', {}),
  ]
}

export function history(check: Check, now: number): CheckRun[] {
  const before = Array.from({ length: check.last ? 38 : 0 }, (_, i): CheckRun => {
    const startedAt = now - (i + 1) * 41 * MINUTE
    const state = check.name === 'test' ? (i % 3 === 0 ? 'failed' : 'passed') : i % 11 === 7 ? 'cancelled' : 'passed'
    return {
      ...{ id: `run-${check.name}-${i + 1}`, workspaceId: check.workspaceId, name: check.name, state, startedAt },
      ...{ endedAt: startedAt + 20_000 + ((i * 7919) % 40_000), exitCode: state === 'passed' ? 0 : 1 },
      ...{ cause: i % 4 === 0 ? 'person' : 'turn', round: 0 },
    }
  })
  return check.last ? [check.last, ...before] : before
}

export function fixtureServices(workspaceId: string, now: number): Service[] {
  const service = (name: string, run: string, over: Partial<Service>): Service => ({
    ...{
      workspaceId,
      name,
      run,
      state: 'running',
      because: 'port answers',
      epoch: 1,
      pid: 4000,
      startedAt: now - 2 * HOUR,
    },
    ...over,
  })
  const stopped = { pid: undefined, startedAt: undefined }
  return [
    service('web', 'npm run dev -- --port $SKEIN_PORT', { port: 4310, because: 'port 4310 answers', rssBytes: 412e6 }),
    service('api', 'node --watch src/server.ts', {
      ...{ port: 4311, state: 'unhealthy', because: 'GET /healthz answered 503', rssBytes: 98e6, epoch: 4 },
    }),
    service('storybook', 'npx storybook dev', { port: 4312, state: 'starting', because: 'waits for port 4312' }),
    service('worker', 'node worker.ts', { because: 'its process runs', rssBytes: 61e6, startedAt: now - 9 * MINUTE }),
    service('postgres', './scripts/pg.sh', { port: 4313, because: 'port 4313 answers', rssBytes: 1.6e9 }),
    service('mail', 'npx maildev', {
      ...{ port: 4314, state: 'failed', because: 'it ended with exit code 127', exitCode: 127, endedAt: now - MINUTE },
      pid: undefined,
    }),
    service('docs', 'npm run docs', {
      ...stopped,
      state: 'stopped',
      because: 'it was not started',
      port: 4315,
      epoch: 0,
    }),
    service('seed', 'node seed.ts', { ...stopped, state: 'exited', because: 'it ended with exit code 0', exitCode: 0 }),
    service('tunnel-with-a-name-that-goes-on-and-on', 'true', {
      ...stopped,
      state: 'stopped',
      because: 'you stopped it',
    }),
    service('redis', 'redis-server --port $SKEIN_PORT_6', { port: 4316, because: 'port 4316 answers', rssBytes: 9e6 }),
  ]
}

export const fixtureTerminals = (workspaceId: string, now: number): Terminal[] =>
  Array.from({ length: 20 }, (_, i) => ({
    ...{ id: `term-${i}`, workspaceId, createdAt: now - i * HOUR },
    title: i === 3 ? 'npm run something:with:a:very:long:name -- --watch' : i % 2 ? `psql ${i}` : `bash ${i + 1}`,
    ...(i === 5 ? { state: 'exited' as const, exitCode: 130 } : { state: 'open' as const }),
  }))

export function searchHits(
  text: string,
  from: number,
  place: { workspaceId: string; workspaceName: string; sessionId: string },
): SearchHit[] {
  const kinds = ['prompt', 'answer', 'tool', 'thought', 'plan', 'other'] as const
  return Array.from({ length: 30 }, (_, i) => {
    const n = from + i
    const other = n % 9 > 4
    return {
      projectId: 'shop',
      workspaceId: other ? `w-${n % 3}` : place.workspaceId,
      workspaceName: other ? `another-workspace-${n % 3}` : place.workspaceName,
      sessionId: other ? `s-${n % 3}` : place.sessionId,
      seq: 4000 - n,
      at: Date.now() - n * 17 * MINUTE,
      kind: kinds[n % kinds.length] ?? 'other',
      snippet: [
        { text: n % 4 === 0 ? 'the session cookie is only ' : '… so that the ', match: false },
        { text, match: true },
        { text: ' is renewed before it runs out, in src/auth/renew.ts, and every other ', match: false },
        { text, match: true },
        { text: ' stays as it was. <script>alert(1)</script>', match: false },
      ],
    }
  })
}

export function findings(path: string | undefined): Finding[] {
  const ok = (id: string, what: string, detail: string): Finding => ({ id, ok: true, severity: 'info', what, detail })
  return [
    ok('node', 'Node 24.9.0', '/usr/bin/node'),
    ok('git', 'git 2.51.0', 'worktrees and partial clones work'),
    {
      ...{ id: 'claude-auth', ok: false, severity: 'error', what: 'Claude Code is not signed in' },
      detail: 'claude 2.1.329 was found at /usr/local/bin/claude, without credentials',
      remedy: 'claude auth login',
    },
    {
      ...{ id: 'pty', ok: false, severity: 'warning', what: 'Terminals are not available' },
      ...{ detail: 'No prebuilt pty for linux-arm64-musl', remedy: 'npm install --global @lydell/node-pty' },
    },
    { id: 'disk', ok: false, severity: 'info', what: 'The disk is 91 % full', remedy: 'skein gc' },
    ...(path ? [ok('worktreeinclude', '.worktreeinclude names 2 files', `${path}/.env, ${path}/.env.test`)] : []),
  ]
}
