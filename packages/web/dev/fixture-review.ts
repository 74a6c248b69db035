import type { ApiParams, ApiResult, CallMethod, Comment, CommentPlace, PlanRevision, Turn } from '@skein/protocol'
import { addedFile, binaryFile, deletedFile, editedFile, type FixtureFile, headerOnly } from './fixture-patch.ts'
import { fixturePlans } from './fixture-plans.ts'

/** What a fixture answers for the review pages; the parts that it leaves out are another fixture's. */
export type ReviewFixture = { [M in CallMethod]?: (params: ApiParams<M>) => Promise<ApiResult<M>> }

const PART = 512 * 1024
const HOUR = 3_600_000

interface Place {
  workspaceId: string
  sessionId: string
  /** `huge`: 150,000 changed lines in 300 files. */
  size?: 'nasty' | 'huge'
  /** Called when comments changed, as the server's `changes` would tell. */
  commentsChanged?: () => void
}

/** Plans, comments and changes of one workspace: everything that is hard to show. */
export function reviewFixture({ workspaceId, sessionId, size = 'nasty', commentsChanged }: Place): ReviewFixture {
  const files = size === 'huge' ? hugeFiles() : nastyFiles()
  const patch = files.map((file) => file.section).join('')
  const plans: PlanRevision[] = fixturePlans(sessionId)
  const comments = [...planComments(workspaceId, sessionId), ...diffComments(workspaceId, sessionId, files)]
  const changed = () => commentsChanged?.()
  const find = (id: string): Comment => {
    const comment = comments.find((each) => each.id === id)
    if (!comment) throw new Error(`no comment ${id}`)
    return comment
  }
  return {
    'plans.list': async () => plans,
    'comments.list': async () => structuredClone(comments),
    'comments.add': async (params) => {
      const { place, quote, body } = params
      const comment: Comment = {
        ...{ id: params.key, workspaceId, sessionId, place, quote, body },
        ...{ by: 'you', state: 'draft', createdAt: Date.now(), replies: [] },
      }
      comments.push(comment)
      changed()
      return comment
    },
    'comments.edit': async ({ commentId, body }) => {
      const comment = Object.assign(find(commentId), { body })
      changed()
      return comment
    },
    'comments.reply': async ({ commentId, body, key }) => {
      const comment = find(commentId)
      comment.replies.push({ id: key, body, by: 'you', at: Date.now() })
      changed()
      return comment
    },
    'comments.mark': async ({ commentId, state }) => {
      const comment = Object.assign(find(commentId), { state })
      changed()
      return comment
    },
    'comments.delete': async ({ commentId }) => {
      comments.splice(comments.indexOf(find(commentId)), 1)
      changed()
      return {}
    },
    'reviews.send': async ({ commentIds, askId, message }) => {
      for (const id of commentIds) Object.assign(find(id), { state: 'open', sentAt: Date.now() })
      const plan = plans.find((each) => each.askId === askId)
      if (plan) {
        Object.assign(plan, {
          state: 'changes_requested',
          answeredAt: Date.now(),
          answeredBy: 'you',
          feedback: message,
        })
      }
      changed()
      return askId === undefined ? { messageId: 'm1' } : { counted: true }
    },
    'turns.list': async () => fixtureTurns(sessionId),
    'workspaces.git': async () => ({
      ...{ head: 'a'.repeat(40), branch: 'skein/review', staged: 1, unstaged: files.length - 1, untracked: 2 },
      ...{ unmerged: 0, ahead: 2, behind: 0, unpushed: 2 },
    }),
    'workspaces.changes': async () => ({
      files: files.map((file) => file.change),
      base: 'b'.repeat(40),
      tree: 'tree-1',
      head: 'b'.repeat(40),
    }),
    'workspaces.diff': async ({ offset = 0 }) => ({
      patch: patch.slice(offset, offset + PART),
      eof: offset + PART >= patch.length,
      tree: 'tree-1',
    }),
    'workspaces.file': async ({ path, at }) => {
      const file = files.find((each) => each.change.path === path || each.change.oldPath === path)
      const text = at !== 'tree-1' ? file?.before : file?.after
      if (text !== undefined) return { base64: btoa(unescape(encodeURIComponent(text))), size: text.length }
      return /\.png$/.test(path) ? picture(at !== 'tree-1' ? '#c2410c' : '#0e7490', at !== 'tree-1' ? 320 : 420) : null
    },
    'workspaces.stage': async () => ({
      ...{ head: 'a'.repeat(40), branch: 'skein/review', staged: 2, unstaged: 3, untracked: 0 },
      ...{ unmerged: 0, ahead: 2, behind: 0, unpushed: 2 },
    }),
    'workspaces.discard': async () => ({ snapshotRef: 'refs/skein/discarded/1' }),
    'workspaces.undiscard': async () => ({}),
    'workspaces.commit': async () => ({ commit: 'c0ffee1234567890' }),
    'workspaces.apply': async ({ check }) =>
      check
        ? {
            applied: false,
            conflicts: ['src/cache.ts', 'README.md'],
            files: files.length,
            message: 'local changes differ',
          }
        : { applied: true, conflicts: [], files: files.length },
  }
}

function nastyFiles(): FixtureFile[] {
  const long = `const table = [${Array.from({ length: 900 }, (_, index) => `'entry ${index}'`).join(', ')}]`
  const bidi = 'if (user.role !== "admin\u202e \u2066// only for admins\u2069 \u2066") { /* \u200b */ }'
  return [
    editedFile(
      'README.md',
      40,
      new Map([
        [6, [['A cache that is read at each start.'], ['A cache that is read **once**, and kept for a minute.']]],
      ]),
    ),
    binaryFile('assets/logo.png', 'modified'),
    binaryFile('assets/new-icon.png', 'added'),
    binaryFile('assets/sound.ogg', 'deleted'),
    headerOnly({
      path: 'bin/run',
      status: 'modified',
      oldMode: '100644',
      newMode: '100755',
      binary: false,
      added: 0,
      deleted: 0,
    }),
    headerOnly({
      path: 'docs/guide/start here.md',
      oldPath: 'docs/start.md',
      status: 'renamed',
      binary: false,
      added: 0,
      deleted: 0,
    }),
    addedFile(
      'package-lock.json',
      Array.from({ length: 5200 }, (_, index) => `  "dependency-${index}": "1.0.${index}",`),
    ),
    addedFile('src/bidi.ts', [bidi, long, '<script>alert(1)</script>', '\u001b[31mred\u001b[0m']),
    editedFile(
      'src/cache.ts',
      220,
      new Map<number, [string[], string[]]>([
        [10, [["  return read('config.json')"], ["  return cached ?? (cached = await read('config.json'))"]]],
        [60, [[], ['  // Kept for a minute.', '  const maxAge = 60_000']]],
        [61, [['  const maxAge = 0'], ['  const oldest = Date.now() - maxAge']]],
        [150, [['  legacy()', '  legacyAgain()'], []]],
      ]),
    ),
    deletedFile(
      'src/legacy/old-cache.ts',
      Array.from({ length: 30 }, (_, index) => `export const old${index} = ${index}`),
    ),
    editedFile(
      'src/very/deeply/nested/folder/with/a/long/path/configuration-loader-for-every-environment.ts',
      80,
      new Map([[20, [['  slow()'], ['  fast()']]]]),
    ),
    editedFile('src/view.tsx', 90, new Map([[30, [['<p>old</p>'], ['<p>new</p>', '<p>more</p>']]]]), 'src/page.tsx'),
    ...Array.from({ length: 24 }, (_, index) =>
      editedFile(`test/case-${index}.test.ts`, 120, new Map([[40, [['expect(a).toBe(1)'], ['expect(a).toBe(2)']]]])),
    ),
  ]
}

function hugeFiles(): FixtureFile[] {
  return Array.from({ length: 300 }, (_, file) => {
    const edits = new Map<number, [string[], string[]]>()
    for (let at = 10; at < 1000; at += 20) {
      const lines = (word: string) => Array.from({ length: 5 }, (_, line) => `  const ${word}${line} = ${at} * ${line}`)
      edits.set(at, [lines('before'), lines('after')])
    }
    return editedFile(`src/part-${String(file % 20).padStart(2, '0')}/module-${file}.ts`, 1010, edits)
  }).sort((a, b) => (a.change.path < b.change.path ? -1 : 1))
}

function planComments(workspaceId: string, sessionId: string): Comment[] {
  const comment = { workspaceId, sessionId, by: 'ana', createdAt: Date.now() - 2 * HOUR, replies: [] }
  const on = (askId: string, startLine: number, endLine: number): CommentPlace => ({
    kind: 'plan',
    askId,
    startLine,
    endLine,
  })
  return [
    {
      ...{ ...comment, id: 'p1', state: 'open', place: on('plan-1', 8, 8), quote: '2. Keep it in memory' },
      body: 'For how long? A configuration that changes on disk must be seen.',
      replies: [{ id: 'r1', by: 'ben', body: 'A minute is fine for us.', at: Date.now() - HOUR }],
    },
    {
      ...comment,
      id: 'p2',
      state: 'met',
      place: on('plan-1', 9, 9),
      quote: '3. Delete the old cache',
      body: 'Only after the tests.',
    },
    {
      ...{ ...comment, id: 'p3', state: 'draft', place: on('plan-3', 14, 16), by: 'you' },
      quote: '```ts\nconst maxAge = 60_000\nlet cached: { at: number; value: Config } | undefined',
      body: 'Why a global?\n\n```ts\nclass ConfigCache {}\n```\n\nA class can be tested.',
    },
  ]
}

function diffComments(workspaceId: string, sessionId: string, files: readonly FixtureFile[]): Comment[] {
  const bodies = [
    'Why is this needed?',
    'Please name the unit:\n\n- seconds?\n- milliseconds?',
    'This is never awaited.',
  ]
  return files
    .filter((file) => file.change.status === 'modified' && file.change.added > 0)
    .slice(0, 40)
    .map((file, index): Comment => {
      const line = file.after?.split('\n').findIndex((text, at) => text !== file.before?.split('\n')[at]) ?? 0
      const outdated = index % 9 === 8
      return {
        ...{
          id: `d${index}`,
          workspaceId,
          sessionId,
          by: index % 2 ? 'ana' : 'you',
          createdAt: Date.now() - index * HOUR,
        },
        place: {
          ...{ kind: 'diff', path: file.change.path, side: 'new', startLine: line + 1, endLine: line + 1 },
          tree: 'tree-0',
        },
        quote: outdated ? 'what stood here before' : (file.after?.split('\n')[line] ?? ''),
        body: bodies[index % bodies.length] ?? '',
        state: index % 3 === 0 ? 'draft' : index % 3 === 1 ? 'open' : 'met',
        replies: index === 1 ? [{ id: 'r', by: 'ben', body: 'I wondered too.', at: Date.now() }] : [],
      }
    })
}

function fixtureTurns(sessionId: string): Turn[] {
  return ['Cache the configuration', 'Address the review', 'Add a test for what happens when the file is gone'].map(
    (prompt, index) => ({
      ...{ id: `t${index}`, sessionId, number: index + 1, origin: 'user' as const, prompt },
      ...{ startedAt: Date.now() - (4 - index) * HOUR, endedAt: Date.now() - (3.5 - index) * HOUR },
      ...{ firstSeq: index * 50, fromTree: `tree-${index}`, toTree: `tree-${index + 1}` },
    }),
  )
}

function picture(colour: string, width: number): { base64: string; size: number } {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = 240
  const context = canvas.getContext('2d')
  if (context) {
    context.fillStyle = colour
    context.fillRect(0, 0, width, 240)
    context.fillStyle = 'white'
    context.font = '32px sans-serif'
    context.fillText(`${width} × 240`, 40, 130)
  }
  const base64 = canvas.toDataURL('image/png').split(',')[1] ?? ''
  return { base64, size: Math.round(base64.length * 0.75) }
}
