import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bareRemote, git, type ModelReply, type ModelRequest, say, useTool } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { plain } from '../packages/cli/src/batch/located.ts'
import { parseYaml } from '../packages/cli/src/batch/yaml.ts'
import { NODE_FLAGS, World } from './world.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface Step {
  name: string
  uses?: string
  env?: Record<string, string>
  run?: string
}
interface ActionFile {
  inputs: Record<string, { default?: string }>
  outputs: Record<string, { value: string }>
  runs: { steps: Step[] }
}

/** GitHub's comments, as far as the action asks for them. */
async function fakeGitHub() {
  const comments: { id: number; body: string }[] = []
  const tokens = new Set<string | undefined>()
  const server = createServer(async (request, response) => {
    tokens.add(request.headers.authorization)
    let text = ''
    for await (const chunk of request) text += chunk
    const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body))
    const [, , id] = /^\/repos\/acme\/thermo\/issues\/(7\/comments|comments\/(\d+))/.exec(request.url ?? '') ?? []
    if (request.method === 'GET') return answer(200, comments)
    const { body } = JSON.parse(text) as { body: string }
    const known = comments.find((comment) => comment.id === Number(id))
    if (request.method === 'PATCH' && known) known.body = body
    else if (request.method === 'POST' && request.url === '/repos/acme/thermo/issues/7/comments')
      comments.push({ id: comments.length + 1, body })
    else return answer(404, {})
    return answer(200, {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    comments,
    tokens,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Carries out action.yml's own steps as a runner does: inputs with their defaults, expressions filled in, each step in bash. */
async function runAction(world: World, given: Record<string, string>, github: Record<string, string>) {
  const action = plain(parseYaml(await readFile(join(ROOT, 'action.yml'), 'utf8'), 'action.yml')) as ActionFile
  for (const name of Object.keys(given)) expect(action.inputs).toHaveProperty([name])
  const fill = (text: string): string =>
    text.replace(/\$\{\{\s*(.+?)\s*\}\}/g, (_, expression: string): string => {
      const [, input = ''] = /^inputs\.([\w-]+)$/.exec(expression) ?? []
      if (input !== '') return given[input] ?? fill(action.inputs[input]?.default ?? '')
      if (expression === 'github.action_path') return ROOT
      if (expression === 'github.token') return 'the-job-token'
      throw new Error(`unknown expression ${expression}`)
    })
  const output = join(world.folder, 'output.txt')
  const summary = join(world.folder, 'summary.md')
  for (const file of [output, summary]) await writeFile(file, '')
  let said = ''
  let code: number | null = 0
  for (const { run, env = {} } of action.runs.steps) {
    if (run === undefined || code !== 0) continue
    const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)]))
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', fill(run)], {
      cwd: world.repo,
      env: {
        ...world.env,
        ...own,
        ...github,
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        RUNNER_TEMP: world.folder,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
    ;[code] = (await once(child, 'close')) as [number | null]
  }
  const outputs: Record<string, string> = {}
  for (const [, name = '', , value = ''] of (await readFile(output, 'utf8')).matchAll(
    /^(\w+)<<(\S+)\n([\s\S]*?)\n\2$/gm,
  ))
    outputs[name] = value
  for (const { value } of Object.values(action.outputs)) expect(value).toMatch(/^\$\{\{ steps\.run\.outputs\.\w+ \}\}$/)
  return { code, said, outputs, summary: await readFile(summary, 'utf8') }
}

function agent(request: ModelRequest): ModelReply {
  if (request.userTexts.join('').startsWith('Review the changes')) return say('`README.md:1` says nothing new.')
  const done = request.toolHistory.length
  const path = join(request.cwd, 'src/thermo.js')
  if (done === 0) return useTool('Read', { file_path: path })
  if (done === 1)
    return useTool('Edit', {
      file_path: path,
      old_string: '(fahrenheit * 5) / 9 - 32',
      new_string: '((fahrenheit - 32) * 5) / 9',
    })
  return say('Subtract before multiplying\n\nThe brackets were missing.')
}

/** A clone with a pull request, in a world where `skein` is on PATH as a package would put it there. */
async function worldWithPull(github: { url: string }) {
  const world = await World.create(agent)
  const bin = join(world.folder, 'bin')
  await mkdir(bin)
  const main = join(ROOT, 'packages/cli/src/main.ts')
  await writeFile(
    join(bin, 'skein'),
    `#!/bin/sh\nexec "${process.execPath}" ${NODE_FLAGS.join(' ')} "${main}" "$@"\n`,
    {
      mode: 0o755,
    },
  )
  world.env.PATH = `${bin}:${world.env.PATH}`
  const remote = await bareRemote(world.repo)
  const at = async (ref: string) => (await git(world.repo, ['rev-parse', ref])).trim()
  const base = await at('HEAD')
  await git(world.repo, ['checkout', '-q', '-b', 'better'])
  await writeFile(join(world.repo, 'README.md'), '# thermo!\n')
  await git(world.repo, ['commit', '-qam', 'Better'])
  const repository = { full_name: 'acme/thermo' }
  const event = join(world.folder, 'event.json')
  const pull = {
    number: 7,
    title: 'Better',
    base: { sha: base },
    head: { sha: await at('HEAD'), ref: 'better', repo: repository },
  }
  await writeFile(event, JSON.stringify({ pull_request: pull, repository }))
  const env = { GITHUB_EVENT_PATH: event, GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'acme/thermo' }
  return { world, remote, pull, env }
}

describe('the GitHub Action', { timeout: 180_000 }, () => {
  it('reviews a pull request in one comment, which it replaces; then fixes the build and pushes that', async () => {
    await using github = await fakeGitHub()
    const { world, pull, env } = await worldWithPull(github)
    await using _ = world
    const first = await runAction(
      world,
      { mode: 'review', 'anthropic-api-key': world.env.ANTHROPIC_API_KEY ?? '' },
      env,
    )
    expect(first.code, first.said).toBe(0)
    expect(first.outputs).toMatchObject({ outcome: 'succeeded', text: '`README.md:1` says nothing new.', patch: '' })
    expect(github.comments).toEqual([
      { id: 1, body: expect.stringMatching(/^<!-- skein review -->\n### Review\n\n`README\.md:1` says nothing new\./) },
    ])
    expect(github.tokens).toEqual(new Set(['Bearer the-job-token']))
    const asked = world.model.requests[0]?.userTexts.join('\n') ?? ''
    expect(asked).toContain(`git diff ${pull.base.sha}...${pull.head.sha}`)
    expect(first.summary).toContain('### Review')

    const key = { 'anthropic-api-key': world.env.ANTHROPIC_API_KEY ?? '' }
    const fixed = await runAction(world, { mode: 'fix', command: 'node --test', push: 'true', ...key }, env)
    expect(fixed.code, fixed.said).toBe(0)
    expect(fixed.outputs.outcome).toBe('succeeded')
    expect(await readFile(fixed.outputs.patch ?? '', 'utf8')).toContain('+  return ((fahrenheit - 32) * 5) / 9')
    expect(github.comments).toHaveLength(2)
    expect((await git(world.repo, ['log', '-1', '--format=%s %an', 'origin/better'])).trim()).toBe(
      'Subtract before multiplying Skein',
    )
    const again = await runAction(world, { mode: 'fix', command: 'node --test', ...key }, env)
    expect(again).toMatchObject({ code: 0, outputs: { outcome: 'nothing_to_do' } })
    expect(github.comments).toHaveLength(2)
  })

  it('fails with a message where its inputs cannot be right', async () => {
    await using github = await fakeGitHub()
    const { world, env } = await worldWithPull(github)
    await using _ = world
    const cases: [Record<string, string>, string][] = [
      [{ mode: 'refactor' }, '::error::the input mode is "refactor"'],
      [{ mode: 'prompt' }, '::error::the mode prompt needs the input prompt'],
      [{ mode: 'fix' }, '::error::the mode fix needs the input command'],
      [{ mode: 'fix', command: 'true', push: 'yes' }, '::error::the input push is "yes"'],
    ]
    for (const [given, message] of cases) {
      const { code, said } = await runAction(world, given, env)
      expect(said).toContain(message)
      expect(code).toBe(1)
    }
    const outside = await runAction(world, { mode: 'review' }, { ...env, GITHUB_EVENT_PATH: '' })
    expect(outside.said).toContain('needs a pull request')
    expect(world.model.requests).toEqual([])
  })
})
