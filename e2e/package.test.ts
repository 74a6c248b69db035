import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { isThorough, type ScriptFunction, say, smallRepository, useTool, writesFile } from '@skein/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pack } from '../scripts/pack.ts'
import { World } from './world.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const EXAMPLES = join(ROOT, 'examples')
const run = promisify(execFile)

const script: ScriptFunction = (request, context) => {
  const [prompt = ''] = request.userTexts
  if (prompt.startsWith('Write')) return writesFile()(request, context)
  if (prompt.startsWith('The API')) return writesFile('notes.md', 'Adapted.\n')(request, context)
  if (prompt.startsWith('List') && request.toolResults.length === 0)
    return useTool('StructuredOutput', { unused: ['left-pad'] })
  return say('It converts temperatures.')
}

/** What each program of the documentation is to print. */
const PRINTED: Record<string, RegExp> = {
  'conversation.ts': /^It converts temperatures\.\nGo on from any process: attachSession\('/,
  'live.ts': /^It converts temperatures\.\nsucceeded after \d+ ms/,
  'one-prompt.ts': /^It converts temperatures\.\n\$0\.\d+/,
  'several-repositories.ts': /^succeeded/,
  'structured.ts': /^\{ unused: \[ 'left-pad' \] \}/,
}

/** What a person's first program may look like. */
const PROGRAM = `import { type RunResult, run, SkeinError } from 'skein'
import { definePlugin, type SkeinPlugin } from 'skein/plugin-api'

const result: RunResult = await run({ prompt: 'Write hello.', repositories: '.', permissionMode: 'accept_edits', artifacts: ['patch'] })
const patch = result.artifacts.flatMap((artifact) => (artifact.type === 'patch' ? [artifact.patch] : []))
const plugin: SkeinPlugin = definePlugin({ name: 'mine', activate() {} })
const refused = await run({ prompt: '' }).catch((error: unknown) => (error instanceof SkeinError ? error.code : 'another error'))
console.log(JSON.stringify({ outcome: result.outcome, text: result.text, patch: patch.join(''), plugin: plugin.name, refused }))
`

interface Manifest {
  devDependencies: Record<string, string>
}

describe('the published package', { timeout: 180_000 }, () => {
  let world: World
  let project: string
  let tarball: string

  beforeAll(async () => {
    world = await World.create(script)
    tarball = (await pack()).tarball
    project = join(world.folder, 'project')
    await mkdir(project)
    await writeFile(join(project, 'program.ts'), PROGRAM)
    for (const path of globSync('*/*.ts', { cwd: EXAMPLES }))
      await cp(join(EXAMPLES, path), join(project, basename(path)))
    await writeFile(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }')
    // As this repository has them, so that npm's cache does.
    const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest
    const types = `@types/node@${devDependencies['@types/node']}`
    await npm('install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball, types)
  }, 180_000)
  afterAll(async () => {
    await world[Symbol.asyncDispose]()
  })

  async function npm(...args: string[]): Promise<string> {
    return (await run('npm', args, { cwd: project, maxBuffer: 1e8 })).stdout
  }

  /** Its `skein`, as a shell finds it. */
  async function skein(...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [join(project, 'node_modules/.bin/skein'), ...args], {
      cwd: world.repo,
      env: world.env,
    })
    return stdout
  }

  it('depends on next to nothing, and on nothing that runs a script at its installation', async () => {
    const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>
    }
    const installed = Object.keys(lock.packages).filter((path) => path.startsWith('node_modules/'))
    expect(installed.filter((path) => !path.includes('@lydell/')).toSorted()).toEqual([
      'node_modules/@types/node',
      'node_modules/skein',
      'node_modules/undici-types',
      'node_modules/zod',
    ])
    expect(Object.values(lock.packages).filter(({ hasInstallScript }) => hasInstallScript)).toEqual([])
    const [files, licences] = await Promise.all([
      readdir(join(project, 'node_modules/skein')),
      readFile(join(project, 'node_modules/skein/dist/LICENSES.txt'), 'utf8'),
    ])
    expect(files.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'])
    expect(licences).toMatch(/^hono .*MIT[\s\S]*Permission is hereby granted/m)
  })

  it('type-checks and runs in an empty TypeScript project, and so do the examples', async () => {
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { target: 'es2024', module: 'nodenext', strict: true, noEmit: true, types: ['node'] },
        include: ['*.ts'],
      }),
    )
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const checked = await run(process.execPath, [tsc, '-p', project]).catch((error: { stdout: string }) => error)
    expect(checked.stdout).toBe('')

    const { stdout } = await run(process.execPath, [join(project, 'program.ts')], { cwd: world.repo, env: world.env })
    const result = JSON.parse(stdout) as Record<string, string>
    expect(result).toMatchObject({ outcome: 'succeeded', plugin: 'mine', refused: 'invalid' })
    expect(result.patch).toContain('+Hello from the scripted model.')
  })

  it('runs the programs of the documentation', async () => {
    expect(globSync('*.ts', { cwd: join(EXAMPLES, 'library') }).toSorted()).toEqual(Object.keys(PRINTED))
    const options = { cwd: world.repo, env: world.env }
    const other = await smallRepository(join(world.folder, 'other'))
    await Promise.all(
      Object.entries(PRINTED).map(async ([name, printed]) => {
        const { stdout, stderr } = await run(process.execPath, [join(project, name), world.repo, other], options)
        expect(stdout, `${name}: ${stderr}`).toMatch(printed)
      }),
    )
    expect(await readFile(join(world.repo, 'notes.md'), 'utf8')).toBe('Adapted.\n')
  })

  // Downloads that Node.
  it.runIf(isThorough)('runs on the oldest Node that it allows', async () => {
    const folder = join(world.folder, 'oldest-node')
    const binary = `node-${process.platform}-${process.arch}`
    await npm('install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `${binary}@22.18.0`)
    const node = join(folder, 'node_modules', binary, 'bin/node')
    const { stdout } = await run(node, [join(project, 'program.ts')], { cwd: world.repo, env: world.env })
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'succeeded' })
    const env = { ...world.env, SKEIN_HOME: join(world.folder, 'oldest') }
    const demo = await run(node, [join(project, 'node_modules/.bin/skein'), 'demo', '--yes'], { cwd: world.repo, env })
    expect(demo.stdout).toContain('everything is removed again')
  })

  it('brings a command that works, with runner and web app', async () => {
    const { version } = JSON.parse(await readFile(join(project, 'node_modules/skein/package.json'), 'utf8')) as {
      version: string
    }
    expect((await skein('--version')).trim()).toBe(version)
    const up = JSON.parse(await skein('up', '--detach', '--no-open', '--json')) as { url: string; link: string }
    const answer = await fetch(up.link, { redirect: 'manual' })
    const cookie = answer.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    const page = await fetch(new URL(answer.headers.get('location') ?? '/', up.url), { headers: { cookie } })
    expect(await page.text()).toContain('<div id="root">')
    const ran = await skein('run', '--keep', '--name', 'packaged', '--permission-mode', 'accept_edits', 'Write hello.')
    expect(ran).toContain('hello.txt')
    expect(await skein('ls')).toContain('packaged')
    const client = new Client({ name: 'test', version: '1' })
    const args = [join(project, 'node_modules/.bin/skein'), 'mcp']
    await client.connect(new StdioClientTransport({ command: process.execPath, args, env: world.env, cwd: world.repo }))
    const { content } = await client.callTool({ name: 'list_workspaces', arguments: {} })
    expect(JSON.stringify(content)).toContain('packaged')
    await client.close()
  })
})
