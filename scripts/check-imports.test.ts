import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

/** A repository in which every rule is kept. */
const sound: Record<string, string> = {
  'package.json': JSON.stringify({ name: 'root', devDependencies: { vitest: '1' } }),
  'packages/protocol/package.json': manifest('@skein/protocol', ['zod']),
  'packages/protocol/src/index.ts': "import * as z from 'zod'\nimport { join } from 'node:path'\n",
  'packages/runner/package.json': manifest('@skein/runner', ['@skein/protocol', 'pty']),
  'packages/runner/src/index.ts':
    "import type { Cursor } from '@skein/protocol'\nrequire.resolve('pty/package.json')\n",
  'packages/runner/src/index.test.ts':
    "import { test } from 'vitest'\nimport { model } from '@skein/testkit'\nimport { has } from '../../../scripts/requirements.ts'\n",
  'packages/runner/src/fixtures/home.ts': "import { temporaryFolder } from '@skein/testkit'\n",
  'packages/engine/package.json': manifest('@skein/engine', ['@skein/protocol', '@skein/plugin-api']),
  'packages/engine/src/index.ts': "export * from '@skein/protocol'\nexport * from '@skein/plugin-api'\n",
  'packages/plugin-api/package.json': manifest('@skein/plugin-api', ['@skein/protocol']),
  'packages/plugin-api/src/index.ts': "export * from '@skein/protocol'\n",
  'plugins/local/package.json': manifest('@skein/plugin-local', ['@skein/plugin-api']),
  'plugins/local/src/index.ts': "import { definePlugin } from '@skein/plugin-api'\n",
  'testkit/package.json': manifest('@skein/testkit', []),
  'testkit/src/index.ts': 'export {}\n',
}

function manifest(name: string, dependencies: string[]): string {
  return JSON.stringify({ name, dependencies: Object.fromEntries(dependencies.map((each) => [each, '1'])) }, null, 2)
}

function check(changes: Record<string, string> = {}): { status: number | null; problems: string[]; warnings: string } {
  const root = mkdtempSync(join(tmpdir(), 'skein-rules-'))
  roots.push(root)
  for (const [path, text] of Object.entries({ ...sound, ...changes })) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const script = join(import.meta.dirname, 'check-imports.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
  return { status, problems: stderr.split('\n').filter((line) => /^\S+:\d+: /.test(line)), warnings: stdout }
}

test('a repository that keeps the rules passes without a word', () => {
  expect(check()).toEqual({ status: 0, problems: [], warnings: '' })
})

const machinePath = ['', 'work', 'somewhere'].join('/')
const broken: [name: string, path: string, text: string, problem: string][] = [
  [
    'the protocol imports a part of ours',
    'packages/protocol/src/bad.ts',
    "import * as z from 'zod'\nimport '@skein/engine'\n",
    "packages/protocol/src/bad.ts:2: packages/protocol may not import '@skein/engine' (packages/engine); see scripts/import-rules.ts",
  ],
  [
    'the runner imports the plugin API, if only a type',
    'packages/runner/src/bad.ts',
    "import type { A } from '@skein/plugin-api'\n",
    "packages/runner/src/bad.ts:1: packages/runner may not import '@skein/plugin-api' (packages/plugin-api); see scripts/import-rules.ts",
  ],
  [
    'the engine imports a plugin',
    'packages/engine/src/bad.ts',
    "\nconst local = await import('@skein/plugin-local')\n",
    "packages/engine/src/bad.ts:2: packages/engine may not import '@skein/plugin-local' (plugins/local); see scripts/import-rules.ts",
  ],
  [
    'a plugin goes past the plugin API',
    'plugins/local/src/bad.ts',
    "export type { Cursor } from '@skein/protocol'\n",
    "plugins/local/src/bad.ts:1: plugins/local may not import '@skein/protocol' (packages/protocol); see scripts/import-rules.ts",
  ],
  [
    'a test of a plugin imports the engine',
    'plugins/local/src/bad.test.ts',
    "import { Engine } from '@skein/engine'\n",
    "plugins/local/src/bad.test.ts:1: plugins/local may not import '@skein/engine' (packages/engine); see scripts/import-rules.ts",
  ],
  [
    'code that is no test imports the testkit',
    'packages/engine/src/bad.ts',
    "import { model } from '@skein/testkit'\n",
    "packages/engine/src/bad.ts:1: packages/engine may not import '@skein/testkit' (testkit); see scripts/import-rules.ts",
  ],
  [
    'a relative import crosses parts',
    'packages/engine/src/bad.ts',
    "import { x } from '../../protocol/src/index.ts'\n",
    "packages/engine/src/bad.ts:1: '../../protocol/src/index.ts' reaches into packages/protocol: import it by its name, '@skein/protocol'",
  ],
  [
    'a relative import leads out of its part',
    'packages/engine/src/bad.ts',
    "import { has } from '../../../scripts/requirements.ts'\n",
    "packages/engine/src/bad.ts:1: '../../../scripts/requirements.ts' leads out of packages/engine",
  ],
  [
    'a product file imports a fixture',
    'packages/runner/src/bad.ts',
    "import './fixtures/home.ts'\n",
    "packages/runner/src/bad.ts:1: './fixtures/home.ts' is there for tests alone",
  ],
  [
    'a library is imported and not declared',
    'packages/engine/src/bad.ts',
    "import { Kysely } from 'kysely/x'\n",
    "packages/engine/src/bad.ts:1: 'kysely' is imported and not declared in packages/engine/package.json",
  ],
  [
    'a test library is used outside tests',
    'packages/engine/src/bad.ts',
    "import { test } from 'vitest'\n",
    "packages/engine/src/bad.ts:1: 'vitest' is imported and not declared in packages/engine/package.json",
  ],
  [
    'a declared library is used nowhere',
    'plugins/local/package.json',
    manifest('@skein/plugin-local', ['@skein/plugin-api', 'leftover']),
    "plugins/local/package.json:5: 'leftover' is declared and not used",
  ],
  [
    'a value is cast to any',
    'testkit/src/bad.ts',
    '// as any\nexport const a = 1 as any\n',
    'testkit/src/bad.ts:2: `any` turns the types off: use `unknown` and parse, or the real type',
  ],
  [
    'a value is declared any',
    'plugins/local/src/bad.test.ts',
    'export const a: any = 1\n',
    'plugins/local/src/bad.test.ts:1: `any` turns the types off: use `unknown` and parse, or the real type',
  ],
  [
    'the whole environment is handed on',
    'packages/runner/src/bad.ts',
    'spawn(x, {\n  env: { ...process.env, A: "1" },\n})\n',
    'packages/runner/src/bad.ts:2: the whole environment is handed on: name the variables, it may hold secrets',
  ],
  [
    'a document names a path of one machine',
    'docs/a.md',
    `Look at\n${machinePath}.\n`,
    'docs/a.md:2: a path of one machine',
  ],
]

test.each(broken)('reports by file and line when %s', (_name, path, text, problem) => {
  const { status, problems } = check({ [path]: text })
  expect(problems).toEqual([problem])
  expect(status).toBe(1)
})

test('a long file is a warning and no failure', () => {
  const { status, warnings } = check({ 'packages/engine/src/long.ts': 'export {}\n'.repeat(400) })
  expect(warnings).toContain('warning: packages/engine/src/long.ts:400: 400 lines')
  expect(status).toBe(0)
})
