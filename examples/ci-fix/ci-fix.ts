import { execFileSync, spawnSync } from 'node:child_process'
import { run } from 'skein'

/** Runs a command; when it fails, an agent makes it succeed. Usage: node ci-fix.ts npm test */
const [command = 'npm', ...args] = process.argv.slice(2)
const shown = [command, ...args].join(' ')
const check = () => spawnSync(command, args, { encoding: 'utf8' })

const before = check()
if (before.status === 0) {
  console.log(`${shown} succeeds. There is nothing to fix.`)
  process.exit(0)
}

const { outcome, text, artifacts, costUsd, error } = await run({
  repositories: '.',
  prompt: `\`${shown}\` fails. Find out why, fix the cause and not the test, and run it again.

What it printed last:

${`${before.stdout}${before.stderr}`.slice(-8000)}`,
  artifacts: ['patch'],
  timeout: 20 * 60_000,
  budget: 2,
})
console.log(`${outcome} ($${costUsd.toFixed(2)}): ${error?.message ?? text}`)

const patch = artifacts.flatMap((artifact) => (artifact.type === 'patch' ? [artifact.patch] : [])).join('')
if (patch !== '') execFileSync('git', ['apply', '--3way'], { input: patch })

// The agent's word is good, the command's is better.
const after = check()
console.log(after.status === 0 ? `${shown} succeeds now; the fix is in your work tree.` : `${shown} still fails.`)
process.exit(after.status === 0 ? 0 : 1)
