/** A declaration file as the compiler writes it, in parts. */
export interface DeclarationFile {
  /** Top-level declarations by name, each with its comment; overloads are several. */
  readonly declarations: Map<string, string[]>
  /** Names of those that are exported. */
  readonly exported: Set<string>
  /** By local name. `*` is the whole module. */
  readonly imports: Map<string, { from: string; name: string }>
  /** `export { name as other } from '…'`, by the other name; `type`: as a type alone. */
  readonly passedOn: Map<string, { from: string; name: string; type: boolean }>
  /** `export * from '…'`. */
  readonly passedOnWhole: string[]
}

const BEGINS = /^(?:import\b|export\b|declare\b|interface\b|type\b|abstract\b|class\b|enum\b|const\b|function\b)/
const DECLARES =
  /^(export )?(?:declare )?(?:abstract )?(?:const enum|const|let|var|function|class|interface|type|enum|namespace) ([\w$]+)/

/** Parses what `tsc` emits: each statement begins in the first column, and nothing else does but closing brackets. */
export function parseDeclarations(text: string, path: string): DeclarationFile {
  const file: DeclarationFile = {
    declarations: new Map(),
    exported: new Set(),
    imports: new Map(),
    passedOn: new Map(),
    passedOnWhole: [],
  }
  for (const { comment, statement } of statementsOf(text)) add(file, comment, statement, path)
  return file
}

function* statementsOf(text: string): Generator<{ comment: string; statement: string }> {
  let comment = ''
  let statement = ''
  /** A comment whose statement has not begun: of the next one, or within this one. */
  let pending = ''
  let inComment = false
  for (const line of text.split('\n')) {
    if (inComment || line.startsWith('/**')) {
      pending += `${line}\n`
      inComment = !line.includes('*/')
    } else if (BEGINS.test(line)) {
      if (statement !== '') yield { comment, statement }
      comment = pending
      statement = `${line}\n`
      pending = ''
    } else if (line !== '') {
      statement += `${pending}${line}\n`
      pending = ''
    }
  }
  if (statement !== '') yield { comment, statement }
}

function add(file: DeclarationFile, comment: string, statement: string, path: string): void {
  const [, keyword, list, from] = /^(import|export)\b(.*?)\bfrom '([^']+)';\s*$/s.exec(statement) ?? []
  if (keyword === 'import' && list !== undefined && from !== undefined) {
    const whole = /^\s*(?:type )?\* as ([\w$]+)/.exec(list)?.[1]
    if (whole !== undefined) file.imports.set(whole, { from, name: '*' })
    for (const { name, other } of namesIn(list)) file.imports.set(other, { from, name })
    return
  }
  if (keyword === 'export' && list !== undefined && from !== undefined) {
    if (list.includes('*')) file.passedOnWhole.push(from)
    for (const { name, other, type } of namesIn(list)) file.passedOn.set(other, { from, name, type })
    return
  }
  if (/^export \{\s*\};/.test(statement)) return
  const [, exported, name] = DECLARES.exec(statement) ?? []
  if (name === undefined)
    throw new Error(`${path}: this is no declaration that can be packaged: ${statement.slice(0, 200)}`)
  file.declarations.set(name, [...(file.declarations.get(name) ?? []), comment + statement])
  if (exported !== undefined) file.exported.add(name)
}

function namesIn(list: string): { name: string; other: string; type: boolean }[] {
  const all = /^\s*type\b/.test(list)
  const inner = /\{([^}]*)\}/s.exec(list)?.[1] ?? ''
  return inner.split(',').flatMap((part) => {
    const [, type, name, other] = /^\s*(type )?([\w$]+)(?: as ([\w$]+))?\s*$/.exec(part) ?? []
    return name === undefined ? [] : [{ name, other: other ?? name, type: all || type !== undefined }]
  })
}

/** The identifiers of a declaration: more than it refers to, never fewer. */
export function wordsOf(declaration: string): Set<string> {
  const code = declaration.replaceAll(/\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, ' ')
  return new Set(code.match(/[A-Za-z_$][\w$]*/g))
}
