import { commitAll, git, initRepository, writeFiles } from '../repositories/git.ts'

/** What a person would ask in the demo project. */
export const DEMO_PROMPT =
  'The periods that orbit prints are wrong, and I would like a --speed option. Plan it, then make the tests pass.'

/** Makes `orbit` in `dir`: a small program with a plain bug, a missing feature, and tests that fail for both. */
export async function makeDemoProject(dir: string): Promise<string> {
  await initRepository(dir)
  await writeFiles(dir, { ...PROGRAM, 'src/orbit.js': ORBIT, 'src/cli.js': CLI, 'src/serve.js': SERVE })
  await commitAll(dir, 'Compute how long a satellite takes to go round', '2026-02-02T09:00:00Z')
  await writeFiles(dir, { 'test/orbit.test.js': TESTS })
  await commitAll(dir, 'Test against real satellites', '2026-02-03T16:30:00Z')
  await git(dir, ['config', 'advice.detachedHead', 'false'])
  return dir
}

const PROGRAM = {
  'README.md': `# orbit

How long does a satellite take to go round the Earth?

    $ node src/cli.js 420
    420 km up: once round in 92.8 minutes

Tests: \`npm test\`
`,
  '.gitignore': 'node_modules/\n.env\n',
  'skein.json': `${JSON.stringify(
    {
      checks: { test: { run: 'node --test', afterTurn: true } },
      services: { page: { run: 'node src/serve.js', port: 0, health: '/' } },
    },
    null,
    2,
  )}\n`,
  'package.json': `${JSON.stringify(
    {
      name: 'orbit',
      version: '0.3.0',
      private: true,
      type: 'module',
      bin: { orbit: 'src/cli.js' },
      scripts: { test: 'node --test' },
    },
    null,
    2,
  )}\n`,
}

/** The line with the bug: the altitude is above the ground, Kepler counts from the centre. */
export const BUG = '  return (2 * Math.PI * Math.sqrt(altitude ** 3 / MU)) / 60\n}\n'

const ORBIT = `/** Earth's mean radius, in kilometres. */
export const EARTH_RADIUS = 6371

/** Earth's gravitational parameter, in km³/s². */
export const MU = 398_600.4418

/** Minutes that a satellite takes to go round once, by its altitude in kilometres above the ground. */
export function period(altitude) {
${BUG}`

/** Where the option is missing. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is a line of the project's own code
export const CLI_END = 'console.log(`${altitude} km up: once round in ${period(altitude).toFixed(1)} minutes`)\n'

const CLI = `#!/usr/bin/env node
import { period } from './orbit.js'

const altitude = Number(process.argv[2])
if (!(altitude > 0)) {
  console.error('Usage: orbit <altitude in km>')
  process.exit(2)
}

${CLI_END}`

const SERVE = `import { createServer } from 'node:http'
import { period } from './orbit.js'

const port = Number(process.env.SKEIN_PORT ?? 8080)
const page = (altitude) => \`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>orbit</title>
<style>body { font: 18px/1.5 system-ui; max-width: 34rem; margin: 3rem auto; padding: 0 1rem } input { font: inherit; width: 7em }</style>
<h1>orbit</h1>
<form><label>Altitude <input name="altitude" type="number" min="1" value="\${altitude}"> km</label> <button>Go round</button></form>
<p>\${altitude} km up: once round in <strong>\${period(altitude).toFixed(1)} minutes</strong></p>
\`

createServer((request, response) => {
  const altitude = Number(new URL(request.url, 'http://orbit').searchParams.get('altitude')) || 420
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(page(altitude))
}).listen(port, '127.0.0.1', () => console.log(\`orbit is at http://127.0.0.1:\${port}/\`))
`

const TESTS = `import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import * as orbit from '../src/orbit.js'

const about = (actual, expected, tolerance) =>
  assert.ok(Math.abs(actual - expected) < tolerance, \`\${actual} is not about \${expected}\`)

test('the space station, 420 km up, goes round in about 93 minutes', () => {
  about(orbit.period(420), 92.8, 0.1)
})

test('a geostationary satellite takes a sidereal day', () => {
  about(orbit.period(35_786), 1436, 1)
})

test('the space station moves at about 7.66 km/s', () => {
  about(orbit.speed(420), 7.66, 0.01)
})

test('orbit --speed prints the speed as well', () => {
  const output = execFileSync(process.execPath, ['src/cli.js', '420', '--speed'], { encoding: 'utf8' })
  assert.match(output, /minutes/)
  assert.match(output, /speed \\d/)
})
`
