import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The published package's `package.json`. Everything is bundled but what the declarations speak of, and what is optional. */
export function manifest(root: string): Record<string, unknown> {
  const own = read(root, 'packages/skein')
  const runner = read(root, 'packages/runner')
  const { name, version, description, license, keywords } = own
  return {
    name,
    version,
    description,
    license,
    keywords,
    type: 'module',
    engines: { node: '>=22.18' },
    bin: { skein: './dist/main.js' },
    exports: {
      '.': { types: './dist/types/index.d.ts', default: './dist/index.js' },
      './plugin-api': { types: './dist/types/plugin-api.d.ts', default: './dist/plugin-api.js' },
      './package.json': './package.json',
    },
    files: ['dist', 'CHANGELOG.md'],
    dependencies: {
      '@types/node': '>=22',
      zod: (read(root, 'packages/protocol').dependencies as Record<string, string>).zod,
    },
    optionalDependencies: runner.optionalDependencies,
  }
}

function read(root: string, folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<string, unknown>
}
