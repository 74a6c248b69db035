import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  claudeEnv,
  claudeExecutable,
  isThorough,
  longText,
  type Model,
  type ModelReply,
  type ModelRequest,
  git as runGit,
  say,
  smallRepository,
  startModel,
  temporaryFolder,
  useTool,
  waitUntil,
} from '@skein/testkit'
import { describe, it } from 'vitest'

const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url))

const git = async (dir: string, args: string[]) => (await runGit(dir, args)).trim()

/** Does what the examples ask for. */
function agent(request: ModelRequest): ModelReply {
  const asked = request.userTexts.join('\n')
  const done = request.toolResults.length > 0
  const write = (path: string, content: string) =>
    done ? say(`Wrote ${path}.`) : useTool('Write', { file_path: join(request.cwd, path), content })
  if (asked.includes('fails. Find out why')) {
    if (request.toolHistory.length === 0) return useTool('Read', { file_path: join(request.cwd, 'src/thermo.js') })
    if (request.toolHistory.length > 1) return say('The brackets were missing.')
    return useTool('Edit', {
      file_path: join(request.cwd, 'src/thermo.js'),
      old_string: '(fahrenheit * 5) / 9 - 32',
      new_string: '((fahrenheit - 32) * 5) / 9',
    })
  }
  const [, part] = /Work on (\S+) alone/.exec(asked) ?? []
  if (part !== undefined) return write(`${part}/notes.md`, `Notes on ${part}.\n`)
  if (asked.includes('ES modules')) return write('esm.txt', 'esm\n')
  if (asked.includes('release notes')) return say(longText(20), { deltas: 20, delayMs: 1 })
  if (asked.includes('linter')) return write('linted.txt', 'ok\n')
  if (/dependencies|documentation/.test(asked)) return say('Nothing to do.')
  return say(`You said: ${request.userTexts.join(' | ')}`)
}

class Place implements AsyncDisposable {
  readonly folder: string
  readonly env: Record<string, string>
  readonly #resources: AsyncDisposableStack

  private constructor(folder: string, model: Model, resources: AsyncDisposableStack) {
    this.folder = folder
    this.env = claudeEnv(model, join(folder, 'user'), {
      SKEIN_HOME: join(folder, 'skein'),
      PATH: [dirname(claudeExecutable()), dirname(process.execPath), process.env.PATH ?? ''].join(':'),
    })
    this.#resources = resources
  }

  static async create(): Promise<Place> {
    await using resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder('example', { grace: 20_000 }))
    const model = resources.use(await startModel(agent))
    await mkdir(join(folder.path, 'user'))
    return new Place(folder.path, model, resources.move())
  }

  start(example: string, args: string[], cwd: string): ChildProcess & { said(): string } {
    const flags = ['--disable-warning=ExperimentalWarning']
    const child = spawn(process.execPath, [...flags, join(EXAMPLES, example), ...args], { cwd, env: this.env })
    this.#resources.defer(() => void child.kill('SIGKILL'))
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    return Object.assign(child, { said: () => said })
  }

  async run(example: string, args: string[], cwd: string, input = ''): Promise<{ code: number | null; said: string }> {
    const child = this.start(example, args, cwd)
    child.stdin?.end(input)
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, said: child.said() }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync()
  }
}

// Thorough runs alone: six agents at once; that the programs are sound is checked with every change by `tsc`.
describe.skipIf(!isThorough).concurrent('the example', { timeout: 120_000 }, () => {
  it('ci-fix makes a failing command succeed', async ({ expect }) => {
    await using place = await Place.create()
    const repo = await smallRepository(join(place.folder, 'repo'))
    const { code, said } = await place.run('ci-fix/ci-fix.ts', ['node', '--test'], repo)
    expect(said).toContain('node --test succeeds now')
    expect(code).toBe(0)
    expect(await git(repo, ['diff', 'HEAD', '--stat'])).toContain('src/thermo.js')
    expect(await place.run('ci-fix/ci-fix.ts', ['node', '--test'], repo)).toMatchObject({
      code: 0,
      said: /nothing to fix/,
    })
  })

  it('batch-migration leaves a branch in each repository, and is done only once', async ({ expect }) => {
    await using place = await Place.create()
    const names = Array.from({ length: isThorough ? 20 : 2 }, (_, index) => `package-${index}`)
    const folder = join(place.folder, 'packages')
    for (const name of names) await smallRepository(join(folder, name))
    const first = await place.run('batch-migration/migrate.ts', [folder], place.folder)
    expect(first).toMatchObject({ code: 0, said: expect.stringContaining(`${names.length} succeeded`) })
    for (const name of names) {
      const branches = await git(join(folder, name), ['for-each-ref', '--format=%(refname)', 'refs/heads/skein/'])
      expect(await git(join(folder, name), ['show', `${branches}:esm.txt`])).toBe('esm')
    }
    expect((await readFile(join(folder, 'migration.xml'), 'utf8')).match(/<testcase /g)).toHaveLength(names.length)
    const second = await place.run('batch-migration/migrate.ts', [folder], place.folder)
    expect(second).toMatchObject({ code: 0, said: expect.stringContaining(`${names.length} succeeded`) })
    expect(await git(join(folder, 'package-0'), ['for-each-ref', 'refs/heads/skein/'])).not.toContain('\n')
  })

  it('interactive-session is taken up again by another process, which knows what was said', async ({ expect }) => {
    await using place = await Place.create()
    const repo = await smallRepository(join(place.folder, 'repo'))
    const first = await place.run('interactive-session/session.ts', [], repo, 'remember the blue door\n\n')
    const [, id = ''] = /To go on: node session.ts (\S+)/.exec(first.said) ?? []
    expect(id, first.said).not.toBe('')
    const second = await place.run('interactive-session/session.ts', [id], repo, 'what did I say?\n\n')
    expect(second.said).toContain('You said: remember the blue door | what did I say?')
    expect(second.code).toBe(0)
  })

  it('many-agents puts the work of all on one branch, and leaves the checkout alone', async ({ expect }) => {
    await using place = await Place.create()
    const repo = await smallRepository(join(place.folder, 'repo'))
    await writeFile(join(repo, 'mine.txt'), 'not committed\n')
    const before = await git(repo, ['status', '--porcelain'])
    const { code, said } = await place.run('many-agents/combine.ts', ['Take notes.', 'src', 'test'], repo)
    expect(said).toContain('2 of 2 parts')
    expect(code).toBe(0)
    expect(await git(repo, ['diff', '--name-only', 'HEAD', 'combined'])).toBe('src/notes.md\ntest/notes.md')
    expect(await git(repo, ['status', '--porcelain'])).toBe(before)
  })

  it('weekly-maintenance does each chore once', async ({ expect }) => {
    await using place = await Place.create()
    const repo = await smallRepository(join(place.folder, 'repo'))
    const first = await place.run('weekly-maintenance/weekly.ts', [repo], place.folder)
    expect(first.said).toMatch(/^lint: 1 files on skein\//m)
    expect(first.code).toBe(0)
    const second = await place.run('weekly-maintenance/weekly.ts', [repo], place.folder)
    expect(second).toEqual(first)
  })

  it('web-button streams what the agent says to the page', async ({ expect }) => {
    await using place = await Place.create()
    const repo = await smallRepository(join(place.folder, 'repo'))
    const server = place.start('web-button/button.ts', [repo], place.folder)
    const url = await waitUntil(() => /http:\S+/.exec(server.said())?.[0], { what: 'the page', explain: server.said })
    expect(await (await fetch(url)).text()).toContain('<button>Write release notes</button>')
    expect(
      (await fetch(`${url}/run`, { method: 'POST', headers: { origin: 'http://evil.example' } })).headers.get(
        'content-type',
      ),
    ).toBe('text/html')
    const lines = (await (await fetch(`${url}/run`, { method: 'POST' })).text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text?: string; done?: string })
    expect(lines.map(({ text }) => text ?? '').join('')).toBe(longText(20))
    expect(lines.filter(({ text }) => text !== undefined).length).toBeGreaterThan(1)
    expect(lines.at(-1)?.done).toMatch(/^succeeded/)
    server.kill('SIGTERM')
    await once(server, 'close')
    expect(server.exitCode).toBe(0)
  })
})
