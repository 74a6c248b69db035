import { join } from 'node:path'
import { checkBoundaries } from './boundaries.ts'
import { checkHabits, checkMachinePaths, longFiles } from './habits.ts'
import { type Problem, readDevelopmentDependencies, readParts } from './source-tree.ts'

/** The import rules and habits of this repository. Usage: `node scripts/check-imports.ts [ROOT]`; status 1 when one is broken. */
function main(root: string): number {
  const parts = readParts(root)
  const problems = [
    ...checkBoundaries(parts, readDevelopmentDependencies(root)),
    ...checkHabits(parts),
    ...checkMachinePaths(root),
  ]
  for (const problem of longFiles(root)) console.log(`warning: ${described(problem)}`)
  for (const problem of problems) console.error(described(problem))
  if (problems.length > 0) console.error(`\n${problems.length} of the repository's rules are broken.`)
  return problems.length > 0 ? 1 : 0
}

function described({ file, line, text }: Problem): string {
  return `${file}:${line}: ${text}`
}

process.exitCode = main(process.argv[2] ?? join(import.meta.dirname, '..'))
