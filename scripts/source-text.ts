/** A module that a source file names, and where. */
export interface ImportStatement {
  readonly specifier: string
  readonly line: number
}

/**
 * The source with the insides of comments, strings, templates and regular expressions blanked, every other character in its
 * place: what is found in it is code, and an offset in it is an offset in the source.
 */
export function codeOf(source: string): string {
  let code = ''
  let at = 0
  let previous = ''
  // For each `${` that is open, how many braces are open inside it.
  const templates: number[] = []
  const take = (length: number, blank: boolean) => {
    const text = source.slice(at, at + length)
    code += blank ? blanked(text) : text
    at += length
    return text
  }
  const takeTemplate = () => {
    const length = match(TEMPLATE_CHUNK, source, at).length
    take(length, true)
    if (source.startsWith('${', at)) {
      take(2, false)
      templates.push(0)
    } else take(1, false)
    previous = '`'
  }

  while (at < source.length) {
    const comment = match(COMMENT, source, at)
    const literal = match(STRING, source, at) || (regexMayFollow(previous) ? match(REGEX, source, at) : '')
    const depth = templates.at(-1)
    if (comment !== '') take(comment.length, true)
    else if (literal !== '') {
      take(1, false)
      take(literal.length - 2, true)
      take(1, false)
      previous = "'"
    } else if (source[at] === '`') {
      take(1, false)
      takeTemplate()
    } else if (source[at] === '}' && depth === 0) {
      templates.pop()
      take(1, false)
      takeTemplate()
    } else {
      const token = take(match(WORD, source, at).length || 1, false)
      if (depth !== undefined && token === '{') templates[templates.length - 1] = depth + 1
      if (depth !== undefined && token === '}') templates[templates.length - 1] = depth - 1
      if (token.trim() !== '') previous = token
    }
  }
  return code
}

/** Every `import … from`, `export … from`, bare `import` and `import()` of a text. */
export function importsOf(source: string, code = codeOf(source)): ImportStatement[] {
  return [...code.matchAll(IMPORT)].map((found) => {
    const end = found.index + found[0].length - 1
    const specifier = source.slice(end - (found[2]?.length ?? 0), end)
    return { specifier, line: lineAt(source, end) }
  })
}

/** The contents of every plain string literal of a source. */
export function stringsOf(source: string, code = codeOf(source)): string[] {
  return [...code.matchAll(BLANKED_STRING)].map(({ index, 0: text }) =>
    source.slice(index + 1, index + text.length - 1),
  )
}

/** The line, from 1, in which an offset lies. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y
const REGEX = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//y
const TEMPLATE_CHUNK = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y
const WORD = /[\w$]+|\s+/y
const IMPORT = /(?<!\.)\b(?:from\s*|import\s*(?:\(\s*)?)(['"])(\s*)\1/g
const BLANKED_STRING = /(['"])\s*\1/g

/** A slash after a value divides; after anything else it begins a regular expression. */
function regexMayFollow(previous: string): boolean {
  if (/^(?:return|typeof|case|in|of|do|else|await|yield|void|delete|throw|new)$/.test(previous)) return true
  return !/^(?:[\w$]+|[)\]}'`])$/.test(previous)
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function blanked(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
