import { posix } from 'node:path'
import { type DeclarationFile, parseDeclarations, wordsOf } from './parse-declarations.ts'

export interface PruneOptions {
  /** Files to make, by name: each with all that its source exports. */
  roots: Record<string, string>
  read(path: string): string
  /** undefined: a package of somebody else's. */
  resolve(specifier: string, from: string): string | undefined
  /** Told of each import that stays one of another package. */
  external(specifier: string, from: string): void
}

/** Where a name is declared: in a file of ours, or in a package. */
type Place = { file: string; name: string } | { package: string; name: string }

/** The roots and what they lead to, declaration by declaration, as files by their new names. */
export function prune(options: PruneOptions): Map<string, string> {
  return new Pruning(options).run()
}

class Pruning {
  readonly #options: PruneOptions
  readonly #files = new Map<string, DeclarationFile>()
  /** By file: the names of declarations that stay. */
  readonly #kept = new Map<string, Set<string>>()

  constructor(options: PruneOptions) {
    this.#options = options
  }

  run(): Map<string, string> {
    const made = new Map<string, string>()
    for (const [path, root] of Object.entries(this.#options.roots)) made.set(path, this.#root(path, root))
    for (const [file, names] of this.#kept) made.set(newPath(file), this.#pruned(file, names))
    return made
  }

  #root(path: string, root: string): string {
    const lines = this.#exportsOf(root).map((name) => {
      const place = this.#locate(root, name)
      if ('file' in place) this.#keep(place)
      const from = 'file' in place ? specifier(path, place.file) : place.package
      const type = this.#isType(root, name) ? 'type ' : ''
      return `export ${type}{ ${place.name === name ? name : `${place.name} as ${name}`} } from '${from}';\n`
    })
    // What is declared here speaks of streams and the like.
    return `/// <reference types="node" />\n${lines.sort().join('')}`
  }

  /** Keeps a declaration, and all that it speaks of. */
  #keep({ file, name }: { file: string; name: string }): void {
    const kept = this.#kept.get(file) ?? new Set()
    this.#kept.set(file, kept)
    if (kept.has(name)) return
    kept.add(name)
    const { declarations, imports } = this.#file(file)
    const texts = declarations.get(name) ?? []
    if (texts.length === 0) throw new Error(`${file} declares no ${name}`)
    for (const word of texts.flatMap((text) => [...wordsOf(text)])) {
      if (declarations.has(word)) this.#keep({ file, name: word })
      const imported = imports.get(word)
      if (imported) this.#follow(file, imported.from, imported.name)
    }
    for (const text of texts) for (const { from, name: member } of inlineImports(text)) this.#follow(file, from, member)
  }

  #follow(file: string, from: string, name: string): void {
    const target = this.#options.resolve(from, file)
    const place = target === undefined ? { package: from, name } : this.#locate(target, name)
    if ('package' in place) this.#options.external(place.package, target ?? file)
    else this.#keep(place)
  }

  /** Through whatever passes it on. */
  #locate(file: string, name: string): Place {
    const found = this.#search(file, name)
    if (!found) throw new Error(`${file} exports no ${name}`)
    return found
  }

  #search(file: string, name: string): Place | undefined {
    const { declarations, passedOn, passedOnWhole } = this.#file(file)
    if (declarations.has(name)) return { file, name }
    const passed = passedOn.get(name)
    if (passed) {
      const target = this.#options.resolve(passed.from, file)
      return target === undefined ? { package: passed.from, name: passed.name } : this.#locate(target, passed.name)
    }
    for (const from of passedOnWhole) {
      const target = this.#options.resolve(from, file)
      const found = target === undefined ? undefined : this.#search(target, name)
      if (found) return found
    }
    return undefined
  }

  /** It is passed on as a type, whatever else it may be. */
  #isType(file: string, name: string): boolean {
    const { declarations, passedOn, passedOnWhole } = this.#file(file)
    if (declarations.has(name)) return false
    const passed = passedOn.get(name)
    const from = passed ? [passed.from] : passedOnWhole
    if (passed?.type) return true
    return from.some((specifier) => {
      const target = this.#options.resolve(specifier, file)
      return (
        target !== undefined &&
        this.#search(target, passed?.name ?? name) !== undefined &&
        this.#isType(target, passed?.name ?? name)
      )
    })
  }

  #exportsOf(file: string): string[] {
    const { exported, passedOn, passedOnWhole } = this.#file(file)
    const whole = passedOnWhole.flatMap((from) => {
      const target = this.#options.resolve(from, file)
      return target === undefined ? [] : this.#exportsOf(target)
    })
    return [...new Set([...exported, ...passedOn.keys(), ...whole])]
  }

  #pruned(file: string, names: ReadonlySet<string>): string {
    const { declarations, imports } = this.#file(file)
    const texts = [...declarations].flatMap(([name, parts]) => (names.has(name) ? parts : []))
    const words = new Set(texts.flatMap((text) => [...wordsOf(text)]))
    const lines = [...imports].flatMap(([local, { from, name }]) => {
      if (!words.has(local) || declarations.has(local)) return []
      const target = this.#options.resolve(from, file)
      const place = target === undefined ? { package: from, name } : this.#locate(target, name)
      const path = 'package' in place ? place.package : specifier(newPath(file), place.file)
      if (place.name === '*') return [`import * as ${local} from '${path}';\n`]
      return [`import { ${place.name === local ? local : `${place.name} as ${local}`} } from '${path}';\n`]
    })
    const body = texts.map((text) => this.#withPlaces(file, text)).join('')
    return `${lines.join('')}${body}export {};\n`
  }

  /** Inline imports, each by the file that declares what it is about. */
  #withPlaces(file: string, text: string): string {
    return text.replaceAll(INLINE, (whole, from: string, name: string) => {
      const target = this.#options.resolve(from, file)
      if (target === undefined) return whole
      const place = this.#locate(target, name)
      return 'package' in place
        ? `import("${place.package}").${place.name}`
        : `import("${specifier(newPath(file), place.file)}").${place.name}`
    })
  }

  #file(path: string): DeclarationFile {
    const known = this.#files.get(path) ?? parseDeclarations(this.#options.read(path), path)
    this.#files.set(path, known)
    return known
  }
}

const INLINE = /\bimport\("([^"]+)"\)\.([\w$]+)/g

function inlineImports(text: string): { from: string; name: string }[] {
  return [...text.matchAll(INLINE)].map(([, from = '', name = '']) => ({ from, name }))
}

/** `packages/protocol/src/api.d.ts` is `protocol/api.d.ts`. */
function newPath(file: string): string {
  return file.replace(/^(?:packages|plugins)\//, (kind) => (kind === 'plugins/' ? 'plugin-' : '')).replace('/src/', '/')
}

function specifier(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), newPath(to)).replace(/\.d\.ts$/, '.js')
  return path.startsWith('.') ? path : `./${path}`
}
