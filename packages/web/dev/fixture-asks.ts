import type { ApiParams, ApiResult, Ask, CallMethod, Change, QueuedPrompt, Session, Workspace } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'

/** What is shown for composer, asks, inbox, new workspace and welcome: answers in memory, hard to show on purpose. */
export type AskCalls = { [M in CallMethod]?: (params: ApiParams<M>) => Promise<ApiResult<M>> }

const MINUTE = 60_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export function askFixture(changed: (change: Change) => void): { calls: AskCalls; initial: Change[] } {
  const asks = new Map(fixtureAsks().map((ask) => [ask.id, ask]))
  const workspaces = fixtureWorkspaces()
  let queue = fixtureQueue()
  const session = workspaces[0]?.sessions[0]
  const tellQueue = () => changed({ type: 'queue', sessionId: 's1', prompts: structuredClone(queue) })
  const tell = () => workspaces[0] && changed({ type: 'workspace', workspace: structuredClone(workspaces[0]) })
  const folders: Record<string, { repository: boolean; folders: string[] }> = {
    '/home/ada': {
      repository: false,
      folders: ['Documents', 'code', 'notes', 'a folder with a rather long name that goes on'],
    },
    '/home/ada/code': { repository: false, folders: ['shop', 'engine', 'website', 'dotfiles', 'old'] },
    '/home/ada/code/shop': { repository: true, folders: ['src', 'test'] },
  }
  let cancelled = ''
  const calls: AskCalls = {
    'asks.get': async ({ askId }) => structuredClone(asks.get(askId) as Ask),
    'asks.answer': async ({ askId, answer, by }) => {
      await pause(300)
      const ask = asks.get(askId)
      if (!ask) throw new SkeinError('not_found', `there is no ask ${askId}`)
      const counted = ask.state === 'open' && askId !== 'late'
      if (ask.state === 'open')
        Object.assign(ask, {
          ...{
            state: 'answered',
            answeredAt: Date.now(),
            answer: counted ? answer : { type: 'deny', feedback: 'Not on main.' },
          },
          ...{ answeredBy: counted ? by : 'Firefox on macOS' },
        })
      changed({ type: 'ask', ask: structuredClone(ask) })
      return { counted, ask: structuredClone(ask) }
    },
    'agents.list': async () => [
      {
        ...{ kind: 'claude', name: 'Claude Code' },
        capabilities: {
          ...{ resume: true, fork: true, plans: true, questions: true, images: true, sandbox: true },
          modes: [
            {
              id: 'sandboxed',
              name: 'Sandboxed',
              description: 'Edits are accepted, commands run in a sandbox; what the sandbox refuses is asked.',
            },
            { id: 'ask', name: 'Ask', description: 'Edits and commands are asked for, one by one.' },
            { id: 'plan', name: 'Plan', description: 'Nothing is changed before you have approved a plan.' },
          ],
          efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
        },
      },
    ],
    'workspaces.files': async ({ query = '' }) => ({
      paths: [
        'src/cart/checkout.ts',
        'src/cart/checkout.test.ts',
        'src/login/redirect.ts',
        'README.md',
        `packages/${'very/'.repeat(20)}deep.ts`,
      ].filter((path) => path.includes(query)),
    }),
    'sessions.events': async () => ({
      last: 2,
      events: [
        {
          ...{ v: 1, sessionId: 's1', seq: 1, at: 0 },
          event: {
            type: 'available_commands_update',
            commands: [
              { name: 'review', description: 'Review the changes on this branch' },
              { name: 'compact', description: 'Sum up the conversation so far' },
              {
                name: 'frontend-design:frontend-design',
                description: 'Create distinctive interfaces with high design quality',
              },
            ],
          },
        },
        {
          ...{ v: 1, sessionId: 's1', seq: 2, at: 0 },
          event: {
            type: 'session_info_update',
            models: [
              { id: 'default', name: 'Default', description: 'The model that is recommended' },
              { id: 'opus', name: 'Opus', description: 'For hard tasks' },
              { id: 'haiku', name: 'Haiku', description: 'Fast' },
            ],
          },
        },
      ],
    }),
    'sessions.configure': async ({ model, effort, permissionMode }) => {
      await pause(200)
      if (session) Object.assign(session, JSON.parse(JSON.stringify({ model, effort, permissionMode })))
      tell()
      return session as Session
    },
    'sessions.prompt': async ({ content }) => {
      await pause(200)
      if (content.some((block) => block.type === 'text' && block.text === 'fail'))
        throw new SkeinError('unavailable', 'sending the prompt: the machine does not answer', {
          next: 'Try again in a moment.',
        })
      const messageId = crypto.randomUUID()
      queue = [...queue, { messageId, content, origin: 'user', createdAt: Date.now() }]
      tellQueue()
      return { messageId }
    },
    'sessions.editPrompt': async ({ messageId, content }) => {
      queue = queue.map((each) => (each.messageId === messageId ? { ...each, content } : each))
      tellQueue()
      return { edited: true }
    },
    'sessions.cancelPrompt': async ({ messageId }) => {
      queue = queue.filter((each) => each.messageId !== messageId)
      tellQueue()
      return { cancelled: true }
    },
    'sessions.orderPrompts': async ({ messageIds }) => {
      queue = queue.toSorted((a, b) => messageIds.indexOf(a.messageId) - messageIds.indexOf(b.messageId))
      tellQueue()
      return queue
    },
    'sessions.interrupt': async () => {
      if (session) session.state = 'idle'
      tell()
      return { interrupted: true }
    },
    'projects.branches': async () => ({
      base: 'main',
      branches: ['main', 'develop', 'release/2026-11', 'feature/long-name-of-a-branch'],
    }),
    'projects.scripts': async () => ({
      ...{ hash: 'h', trusted: false },
      scripts: [
        { path: 'skein.json', kind: 'setup', summary: 'Runs npm ci when a workspace is made', content: 'npm ci' },
      ],
    }),
    'projects.open': async ({ path }) => {
      if (!path.endsWith('shop'))
        throw new SkeinError('invalid', `opening ${path}: it is not a git repository`, {
          next: 'Run `git init` in it.',
        })
      return project
    },
    'projects.demo': async () => ({ ...project, id: 'demo', name: 'orbit', demo: true }),
    'projects.clone': async ({ key, url }) => {
      for (let step = 0; step <= 20; step++) {
        changed({
          type: 'progress',
          key,
          text: `Receiving objects: ${step * 5}% (${step * 512}/10240)`,
          fraction: step / 20,
        })
        await pause(150)
        if (cancelled === key) throw new SkeinError('cancelled', 'cloning: it was cancelled')
        if (step === 8 && url.includes('fail'))
          throw new SkeinError('unavailable', `cloning ${url}: Repository not found`, {
            next: 'Check the URL and your access to it.',
          })
      }
      return project
    },
    'projects.cancelClone': async ({ cloneKey }) => {
      cancelled = cloneKey
      return { cancelled: true }
    },
    'folders.list': async ({ path = '/home/ada' }) => {
      const found = folders[path]
      if (!found)
        throw new SkeinError('not_found', `listing the folder ${path}: it is not there`, { next: 'Check the path.' })
      return {
        ...{
          path,
          repository: found.repository,
          parent: path === '/home/ada' ? '/home' : path.slice(0, path.lastIndexOf('/')),
        },
        folders: found.folders.map((name) => ({
          name,
          path: `${path}/${name}`,
          repository: /shop|engine|website/.test(name),
        })),
      }
    },
    'server.doctor': async () => ({
      findings: [
        { id: 'git', ok: true, severity: 'error', what: 'git 2.47' },
        {
          ...{ id: 'login', ok: false, severity: 'error', what: 'Claude Code is not signed in' },
          ...{ detail: 'No credentials were found.', remedy: 'Sign in with: claude auth login' },
        },
      ],
    }),
    'workspaces.create': async () => {
      await pause(300)
      return workspaces[0] as Workspace
    },
  }
  const initial: Change[] = [
    ...workspaces.map((workspace): Change => ({ type: 'workspace', workspace: structuredClone(workspace) })),
    ...[...asks.values()].map((ask): Change => ({ type: 'ask', ask: structuredClone(ask) })),
    { type: 'project', project },
    { type: 'queue', sessionId: 's1', prompts: queue },
    { type: 'ready' },
  ]
  return { calls, initial }
}

const project: ApiResult<'projects.open'> = {
  ...{ id: 'p1', name: 'shop', path: '/home/ada/code/shop', addedAt: 0, demo: false },
  trust: { state: 'untrusted', hash: 'h' },
}

function fixtureQueue(): QueuedPrompt[] {
  const prompt = (messageId: string, text: string): QueuedPrompt => ({
    ...{ messageId, origin: 'user', createdAt: 0, content: [{ type: 'text', text }] },
  })
  return [
    prompt('q1', 'Then run the linter and mend what it finds.'),
    prompt('q2', `And write a changelog entry. ${'It should say why, not only what. '.repeat(8)}`),
    prompt('q3', 'Last, open the preview.'),
  ]
}

function fixtureAsks(): Ask[] {
  const now = Date.now()
  const ask = (id: string, over: Partial<Ask>): Ask => ({
    ...{ id, sessionId: 's1', workspaceId: 'w1', workspaceName: 'fix-login-redirect', kind: 'permission', title: id },
    ...{ input: {}, inputHash: `h-${id}`, defaultToNo: false, state: 'open', createdAt: now - 12 * MINUTE },
    options: [
      { optionId: 'allow', name: 'Allow', kind: 'allow_once' },
      { optionId: 'reject', name: 'Reject', kind: 'reject_once' },
    ],
    ...over,
  })
  return [
    ask('bash', {
      ...{
        title: 'Run npm install left-pad@1.3.0 --save-exact',
        toolName: 'Bash',
        reason: 'This command needs the network.',
      },
      input: {
        command: 'npm install left-pad@1.3.0 --save-exact &&\n  npm test -- --run',
        description: 'Add the library',
      },
      options: [
        { optionId: 'allow', name: 'Allow', kind: 'allow_once' },
        {
          optionId: 'always-0',
          name: 'Always allow `npm install:*` and `npm test:*` in this session',
          kind: 'allow_always',
        },
        { optionId: 'reject', name: 'Reject', kind: 'reject_once' },
      ],
    }),
    ask('edit', {
      ...{ title: 'Edit /home/ada/.gitconfig', toolName: 'Edit', defaultToNo: true, createdAt: now - 4 * MINUTE },
      reason: 'The file is outside the workspace.',
      input: {
        file_path: '/home/ada/.gitconfig',
        old_string: '[user]\n\tname = Ada\n\temail = ada@example.com',
        new_string: '[user]\n\tname = Ada Lovelace\n\temail = ada@example.com\u202e\n\tsigningkey = ABC',
      },
    }),
    ask('questions', {
      ...{ workspaceId: 'w2', workspaceName: 'search-index', kind: 'question', title: 'Which index?', options: [] },
      questions: [
        {
          ...{ question: 'Which index should the search use?', header: 'Index', multiSelect: false },
          options: [
            {
              label: 'SQLite FTS5',
              description: 'No other process; good up to some millions of rows.',
              preview: 'create virtual table hits using fts5(text)',
            },
            { label: 'Tantivy', description: 'Faster, and one more binary to ship.' },
          ],
        },
        {
          ...{ question: 'What should be searched?', header: 'Scope', multiSelect: true },
          options: [{ label: 'Prompts' }, { label: 'Answers' }, { label: 'Tool output' }],
        },
      ],
    }),
    ask('plan', {
      ...{
        workspaceId: 'w3',
        workspaceName: 'a-workspace-with-a-name-that-is-much-longer-than-any-sidebar',
        kind: 'plan',
      },
      ...{ title: 'Plan: stream the export instead of building it in memory', createdAt: now - 2 * MINUTE },
      plan: {
        id: 'p',
        markdown:
          '# Stream the export\n\n## Why\nThe export of a large shop takes 4 GB.\n\n## Steps\n1. Read rows by cursor\n2. Write CSV as it comes\n3. Test with a million rows\n4. Measure\n5. Remove the old code\n6. Tell support',
      },
    }),
    ask('late', {
      ...{ workspaceId: 'w3', workspaceName: 'a-workspace-with-a-name-that-is-much-longer-than-any-sidebar' },
      title: 'Fetch https://example.com/docs',
      toolName: 'WebFetch',
      input: { url: 'https://example.com/docs', prompt: 'Sum it up' },
    }),
    ask('form', {
      ...{
        workspaceId: 'w2',
        workspaceName: 'search-index',
        kind: 'question',
        title: 'deploy asks: Which environment?',
        options: [],
      },
      input: {
        requested_schema: {
          required: ['environment'],
          properties: {
            environment: { type: 'string', title: 'Environment', enum: ['staging', 'production'] },
            note: { type: 'string', title: 'Note', description: 'Shown in the log' },
          },
        },
      },
    }),
  ]
}

function fixtureWorkspaces(): Workspace[] {
  const now = Date.now()
  const workspace = (id: string, name: string, status: Workspace['status']['status'], because: string): Workspace => ({
    ...{
      id,
      name,
      projectId: 'p1',
      projectName: 'shop',
      branch: `skein/${name}`,
      base: 'b',
      baseRef: 'main',
      machine: 'local',
    },
    ...{
      path: '/home/ada/shop',
      createdAt: now,
      activeAt: now - 9 * MINUTE,
      pinned: false,
      archived: false,
      state: 'ready',
    },
    ...{
      steps: [],
      openAsks: 1,
      diff: { files: 4, added: 120, deleted: 31, at: now },
      status: { status, because, evidence: [] },
    },
    sessions: [
      {
        ...{
          id: `s${id.slice(1)}`,
          workspaceId: id,
          agent: 'claude',
          createdAt: now,
          state: 'working',
          seq: 10,
          seenSeq: 10,
        },
        ...{ turns: 1, queued: 3, permissionMode: 'sandboxed', nativeSessionId: 'n' },
        usage: {
          cost: 0.4231,
          contextUsed: 148_000,
          contextSize: 200_000,
          inputTokens: 1_204_000,
          outputTokens: 18_400,
        },
      },
    ],
  })
  return [
    workspace('w1', 'fix-login-redirect', 'needs_you', '2 permissions wait'),
    workspace('w2', 'search-index', 'needs_you', 'A question waits'),
    workspace('w3', 'a-workspace-with-a-name-that-is-much-longer-than-any-sidebar', 'needs_you', 'A plan waits'),
    workspace(
      'w4',
      'upgrade-vite',
      'failed',
      'The turn ended with an error: the model is overloaded, and three tries did not help',
    ),
    workspace('w5', 'dark-mode', 'ready_for_review', 'The turn ended 9 minutes ago with 4 changed files'),
    workspace('w6', 'flaky-test', 'working', 'A turn runs'),
  ]
}
