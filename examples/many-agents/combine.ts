import { execFileSync } from 'node:child_process'
import { embed } from 'skein'

/**
 * Several agents on parts of one codebase at once; their work becomes one branch. Usage: node combine.ts "PROMPT" PART…
 * Every part is a folder or a file that one agent has for itself.
 */
const [prompt = 'Document what is exported.', ...parts] = process.argv.slice(2)
const git = (args: string[], input?: string) =>
  execFileSync('git', args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) }).trim()

// One Skein for all of them.
await using skein = await embed()
const base = git(['rev-parse', 'HEAD'])
const works = await Promise.all(
  parts.map(async (part) => {
    const { outcome, artifacts, error } = await skein.run({
      repositories: { url: '.', commit: base },
      prompt: `${prompt}\n\nWork on ${part} alone: others work on the rest at the same time.`,
      artifacts: ['patch'],
    })
    const patch = artifacts.flatMap((artifact) => (artifact.type === 'patch' ? [artifact.patch] : [])).join('')
    return { part, outcome, patch, why: error?.message }
  }),
)

// Combined without touching what is checked out: in an index and a tree of their own.
process.env.GIT_INDEX_FILE = `${git(['rev-parse', '--absolute-git-dir'])}/combine.index`
git(['read-tree', base])
let failed = 0
for (const { part, outcome, patch, why } of works) {
  try {
    if (outcome !== 'succeeded') throw new Error(why)
    if (patch !== '') git(['apply', '--cached', '--3way', '-'], patch)
    console.log(`✓ ${part}`)
  } catch (error) {
    failed++
    console.log(`✗ ${part}: ${error instanceof Error ? error.message : error}`)
  }
}
const commit = git(['commit-tree', git(['write-tree']), '-p', base, '-m', prompt])
git(['branch', '--force', 'combined', commit])
console.log(`${parts.length - failed} of ${parts.length} parts are on the branch combined.`)
process.exitCode = failed === 0 ? 0 : 1
