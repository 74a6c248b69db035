import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'

/** What is loaded at run time if it is there, and is no part of the bundle. */
const OPTIONAL = ['@lydell/node-pty', '@ngrok/ngrok', 'bufferutil', 'utf-8-validate', 'pino-pretty']

/**
 * Our modules that ask where they are. In a bundle each is one file of `dist`, so what they look for has to lie where they will look;
 * a new one fails the build until somebody has thought about it. The value: a file that goes along, into `dist`.
 */
const KNOW_THEIR_PLACE: Record<string, string | undefined> = {
  'packages/cli/src/main-path.ts': undefined,
  'packages/skein/src/embed/guard.ts': undefined,
  'packages/skein/src/runner-bundle.ts': undefined,
  'packages/skein/src/web-assets.ts': undefined,
  'plugins/docker/src/network/gate.ts': 'plugins/docker/src/network/gate.mjs',
  'plugins/fly/src/image/door-bundle.ts': 'plugins/fly/src/inside/entry.sh',
  'plugins/tunnels/src/ngrok.ts': undefined,
  'testkit/src/claude.ts': undefined,
}

/** The bundles that go into `dist`. Answers the packages that are in them, and files that have to lie beside them. */
export async function bundle(root: string, dist: string): Promise<{ packages: string[]; files: string[] }> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      cli: 'packages/cli/src/main.ts',
      index: 'packages/skein/src/index.ts',
      'plugin-api': 'packages/plugin-api/src/index.ts',
      'skein-guard': 'packages/skein/src/embed/guard-main.ts',
    },
    outdir: dist,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.18',
    chunkNames: '[name]-[hash]',
    external: OPTIONAL,
    inject: ['scripts/package/async-disposable-stack.ts'],
    plugins: [pureModules(root)],
    // Packages that are CommonJS ask for Node's own modules by it.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    // Not minified: an error that nobody catches is shown with its line, and that is to be a line.
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  writeFileSync(join(dist, 'main.js'), MAIN, { mode: 0o755 })
  const places = modulesThatKnowTheirPlace(root, metafile)
  return { packages: packagesIn(metafile), files: places.flatMap((path) => KNOW_THEIR_PLACE[path] ?? []) }
}

/** The command. It says what is wrong in an old Node too, and keeps compiled modules, so that a later start is quicker. */
const MAIN = `#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error('skein: this is Node.js ' + process.versions.node + ', and 22.18 or newer is needed.')
  process.exit(1)
}
const { enableCompileCache } = await import('node:module')
const { homedir } = await import('node:os')
const { join } = await import('node:path')
enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'skein', 'node'))
// Node 22 and 24 call their SQLite an experiment, once in each process.
const { emitWarning } = process
process.emitWarning = (warning, ...rest) => {
  if (rest[0] !== 'ExperimentalWarning' && rest[0]?.type !== 'ExperimentalWarning') emitWarning.call(process, warning, ...rest)
}
await import('./cli.js')
`

/** None of our modules does anything by being loaded, so what is not used of it, and what only that needs, is left out. */
function pureModules(root: string): Plugin {
  return {
    name: 'pure-modules',
    setup(building) {
      building.onResolve({ filter: /^(?:\.|@skein\/|skein$)/ }, async ({ path, pluginData, ...rest }) => {
        if (pluginData === 'resolved' || rest.kind === 'entry-point') return undefined
        const found = await building.resolve(path, { ...rest, pluginData: 'resolved' })
        // The demo's model is a part of the testkit; what that loads when it is used is for tests alone.
        if (rest.kind === 'dynamic-import' && found.path.startsWith(`${root}/testkit/`)) return { path, external: true }
        const ours = found.path.startsWith(root) && !found.path.includes('/node_modules/')
        return ours ? { ...found, sideEffects: false } : found
      })
    },
  }
}

function modulesThatKnowTheirPlace(root: string, { inputs, outputs }: Metafile): string[] {
  const used = new Set(
    Object.values(outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  )
  const found = Object.keys(inputs).filter(
    (path) =>
      used.has(path) &&
      !path.includes('node_modules/') &&
      /\bimport\.meta\b/.test(readFileSync(join(root, path), 'utf8')),
  )
  const unknown = found.filter((path) => !(path in KNOW_THEIR_PLACE))
  if (unknown.length > 0)
    throw new Error(
      `${unknown.join(', ')}: uses import.meta, which is another place in the package. Make that work, then name it in scripts/package/bundle.ts`,
    )
  return found
}

function packagesIn({ outputs }: Metafile): string[] {
  const paths = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  const names = paths.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [])
  return [...new Set(names)].sort()
}
