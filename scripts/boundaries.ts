import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { importRules, isPart, testsMayImport } from './import-rules.ts'
import { importsOf, lineAt, stringsOf } from './source-text.ts'
import { isTest, type Part, type Problem, type SourceFile } from './source-tree.ts'

/** Every import that the rules forbid, every one that no package.json declares, and every declaration that nothing uses. */
export function checkBoundaries(parts: readonly Part[], developmentDependencies: readonly string[]): Problem[] {
  return parts.flatMap((part) => [
    ...part.files.flatMap((file) => checkFile(file, part, parts, developmentDependencies)),
    ...unusedDependencies(part),
  ])
}

function checkFile(file: SourceFile, part: Part, parts: readonly Part[], development: readonly string[]): Problem[] {
  return importsOf(file.text, file.code).flatMap(({ specifier, line }) => {
    const wrong = specifier.startsWith('.')
      ? wrongPath(specifier, file, part, parts)
      : wrongPackage(specifier, file, part, parts, development)
    return wrong === undefined ? [] : [{ file: file.path, line, text: wrong }]
  })
}

/** A relative import stays in its part; only a test may reach for the repository's own tools. */
function wrongPath(specifier: string, file: SourceFile, part: Part, parts: readonly Part[]): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier)
  if (target.startsWith(`${part.folder}/`)) {
    return isTest(target) && !file.isTest ? `'${specifier}' is there for tests alone` : undefined
  }
  const other = parts.find(({ folder }) => target.startsWith(`${folder}/`))
  if (other) return `'${specifier}' reaches into ${other.folder}: import it by its name, '${other.name}'`
  if (file.isTest && testsMayImport.some((folder) => target.startsWith(`${folder}/`))) return undefined
  return `'${specifier}' leads out of ${part.folder}`
}

function wrongPackage(
  specifier: string,
  file: SourceFile,
  part: Part,
  parts: readonly Part[],
  development: readonly string[],
): string | undefined {
  if (isBuiltin(specifier)) return undefined
  const name = packageOf(specifier)
  if (name === part.name) return undefined
  const other = parts.find((candidate) => candidate.name === name)
  const forTests = file.isTest || part.folder === 'testkit' || file.path.endsWith('.config.ts')
  if (other && !mayImport(part.folder, other.folder, file.isTest)) {
    return `${part.folder} may not import '${name}' (${other.folder}); see scripts/import-rules.ts`
  }
  if (part.dependencies.includes(name)) return undefined
  if (forTests && (part.devDependencies.includes(name) || development.includes(name))) return undefined
  if (file.isTest && other && testsMayImport.includes(other.folder)) return undefined
  return `'${name}' is imported and not declared in ${part.folder}/package.json`
}

function mayImport(from: string, to: string, isTest: boolean): boolean {
  const allowed = importRules.find(({ part }) => isPart(from, part))?.mayImport ?? []
  return [...allowed, ...(isTest ? testsMayImport : [])].some((named) => isPart(to, named))
}

/** A dependency is used when a string names it: packages that are only resolved (a binary's path) are never imported. */
function unusedDependencies(part: Part): Problem[] {
  const named = new Set(part.files.flatMap(({ text, code }) => stringsOf(text, code).map(packageOf)))
  return part.dependencies
    .filter((name) => !named.has(name))
    .map((name) => ({
      file: `${part.folder}/package.json`,
      line: lineAt(part.manifest, part.manifest.lastIndexOf(`"${name}"`)),
      text: `'${name}' is declared and not used`,
    }))
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
