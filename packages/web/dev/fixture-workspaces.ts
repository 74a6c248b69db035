import type { Ask, Project, Session, Status, Workspace } from '@skein/protocol'

const MINUTE = 60_000
const now = Date.now()

export const projects: Project[] = [
  project('p-shop', 'shop', 'trusted'),
  project('p-skein', 'skein', 'changed'),
  project('p-demo', 'demo', 'nothing_to_trust', true),
]

function project(id: string, name: string, state: Project['trust']['state'], demo = false): Project {
  return { id, name, path: `/home/ada/src/${name}`, addedAt: now, trust: { state, hash: 'a'.repeat(64) }, demo }
}

const NAMES: readonly [name: string, status: Status, because: string][] = [
  ['Read the settings once', 'needs_you', 'asks to run npm run migrate'],
  ['Checkout: retry on 503', 'working', 'runs npm test, for 40 s'],
  ['Faster search', 'ready_for_review', 'the turn ended and 12 files changed'],
  [
    'Rename the customer table, its foreign keys, all views over it and everything that reads them',
    'needs_you',
    'has a plan for you to read',
  ],
  ['Flaky test of the mailer', 'failed', 'the agent process ended with exit code 137'],
  ['Dark mode', 'checking', 'runs the checks test and lint'],
  ['Upgrade to Node 24', 'idle', 'nothing runs; the last turn ended 3 h ago'],
  ['Import from CSV', 'unknown', 'reconnecting to ssh:build-7; when it was last heard of, a turn ran'],
  ['Address form', 'working', 'thinks'],
  ['Which tax applies?', 'needs_you', 'asks a question: Which rate shall the invoice show?'],
]

const MACHINES: Record<number, string> = {
  1: 'ssh:gpu-1',
  2: 'docker:w-8x1',
  4: 'ssh:build-7',
  7: 'ssh:build-7',
  8: 'ssh:gpu-1',
  12: 'ssh:gpu-1',
}

export const workspaces: Workspace[] = Array.from({ length: 50 }, (_, index) => workspace(index))

function workspace(index: number): Workspace {
  const [name, status, because] = NAMES[index % NAMES.length] ?? ['Work', 'idle', 'nothing runs']
  const round = Math.floor(index / NAMES.length)
  const calm = round > 0 && status === 'needs_you' ? 'idle' : status
  const owner = index % 3 === 1 ? projects[1] : projects[0]
  const id = `w${index + 1}`
  return {
    ...{
      id,
      projectId: owner?.id ?? '',
      projectName: owner?.name ?? '',
      name: round > 0 ? `${name} ${round + 1}` : name,
    },
    ...{
      branch: `skein/${name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, 40)}`,
      base: 'b'.repeat(40),
      baseRef: 'main',
    },
    ...{ machine: MACHINES[index] ?? 'local', path: `/home/ada/.skein/workspaces/${id}` },
    createdAt: now - (index + 1) * 37 * MINUTE,
    activeAt: now - index * 11 * MINUTE,
    ...{ pinned: index === 8, archived: index > 44, state: 'ready', port: 4100 + index * 10 },
    steps: [],
    status: {
      status: calm,
      because: calm === status ? because : 'nothing runs; the last turn ended yesterday',
      evidence: [
        { what: 'The last event is a tool call, still open', at: now - 2 * MINUTE, ref: 'seq 412' },
        { what: 'The agent process 48211 runs', at: now - 40 * MINUTE },
      ],
    },
    sessions: [session(id, 's', index), ...(index === 0 ? [session(id, 'b', index, 'Second opinion')] : [])],
    openAsks: status === 'needs_you' && round === 0 ? 1 : 0,
    ...(index % 4 === 3
      ? {}
      : { diff: { files: 1 + (index % 12), added: 12 * index + 4, deleted: 3 * index, at: now } }),
  }
}

function session(workspaceId: string, suffix: string, index: number, title?: string): Session {
  return {
    ...{
      id: `${workspaceId}-${suffix}`,
      workspaceId,
      agent: 'claude',
      createdAt: now,
      state: index === 0 ? 'waiting' : 'idle',
    },
    ...{
      seq: 0,
      seenSeq: 0,
      turns: 3,
      queued: index === 0 && suffix === 's' ? 2 : 0,
      permissionMode: 'sandboxed',
      model: 'claude-opus-4-5',
      effort: 'high',
    },
    ...(title === undefined ? {} : { title }),
    usage: {
      cost: (index % 9) * 0.37,
      contextUsed: 84_000,
      contextSize: 200_000,
      inputTokens: 812_000,
      outputTokens: 41_000,
    },
    nativeSessionId: `native-${workspaceId}`,
  }
}

const ask = (id: string, workspaceId: string, more: Partial<Ask> & Pick<Ask, 'kind' | 'title'>): Ask => ({
  ...{
    id,
    sessionId: `${workspaceId}-s`,
    workspaceId,
    workspaceName: workspaces.find((one) => one.id === workspaceId)?.name ?? '',
  },
  ...{ input: {}, inputHash: 'h', options: [], defaultToNo: false, state: 'open', createdAt: now - 4 * MINUTE },
  ...more,
})

export const asks: Ask[] = [
  ask('ask-1', 'w1', {
    ...{
      kind: 'permission',
      title: 'Run npm run migrate -- --to 42',
      toolName: 'Bash',
      reason: 'It writes to the database.',
    },
    input: { command: 'npm run migrate -- --to 42', description: 'Migrate the development database' },
    options: [
      { optionId: 'allow', name: 'Allow once', kind: 'allow_once' },
      { optionId: 'always', name: 'Always allow npm run migrate in this project', kind: 'allow_always' },
      { optionId: 'reject', name: 'Deny', kind: 'reject_once' },
    ],
  }),
  ask('ask-2', 'w4', {
    ...{ kind: 'plan', title: 'A plan to rename the customer table', toolName: 'ExitPlanMode' },
    plan: {
      id: 'plan-1',
      markdown: '# Rename `customer` to `client`\n\n1. Add the new table\n2. Copy\n3. Switch reads\n4. Drop',
    },
  }),
  ask('ask-3', 'w10', {
    ...{ kind: 'question', title: 'Which rate shall the invoice show?' },
    questions: [
      {
        question: 'Which rate shall the invoice show?',
        header: 'Tax',
        options: [
          { label: 'The seller’s', description: 'As it is now; wrong for digital goods.' },
          { label: 'The buyer’s', description: 'What the directive asks for.' },
        ],
        multiSelect: false,
      },
    ],
  }),
]
