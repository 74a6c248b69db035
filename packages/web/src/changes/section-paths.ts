/** The paths of one file's section in a git patch, whichever of git's ways of naming them it uses. */
export function pathsOfSection(text: string): { path: string; oldPath: string | undefined } {
  const names: { from?: string; to?: string; before?: string; after?: string } = {}
  const lines = headerLines(text)
  for (const line of lines) {
    const moved = /^(?:rename|copy) (from|to) (.*)$/.exec(line)
    if (moved?.[1] === 'from') names.from = unquote(moved[2] ?? '')
    else if (moved?.[1] === 'to') names.to = unquote(moved[2] ?? '')
    else if (line.startsWith('--- ')) names.before = withoutSide(line.slice('--- '.length))
    else if (line.startsWith('+++ ')) names.after = withoutSide(line.slice('+++ '.length))
  }
  if (names.to !== undefined) return { path: names.to, oldPath: names.from }
  const path = [names.after, names.before].find((name) => name !== undefined && name !== '/dev/null')
  return { path: path ?? sameNameTwice(lines[0] ?? ''), oldPath: undefined }
}

function headerLines(text: string): string[] {
  const lines: string[] = []
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end === -1 ? text.length : end)
    if (/^(?:@@ |GIT binary patch|Binary files )/.test(line)) break
    lines.push(line)
    if (end === -1) break
    at = end + 1
  }
  return lines
}

/** `diff --git a/X b/X`: a name may hold spaces, but both are the same where nothing else names them. */
function sameNameTwice(line: string): string {
  const names = line.slice('diff --git '.length)
  const half = names.slice(0, (names.length - 1) / 2)
  return withoutSide(half)
}

function withoutSide(name: string): string {
  // Git ends names that hold spaces with a tab.
  const plain = unquote(name.replace(/\t$/, ''))
  return plain === '/dev/null' ? plain : plain.replace(/^[ab]\//, '')
}

const ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 }

/** Git's C-style quotes: escapes of single bytes, which together are UTF-8. */
function unquote(name: string): string {
  if (!name.startsWith('"') || !name.endsWith('"')) return name
  const bytes: number[] = []
  for (const [piece] of name.slice(1, -1).matchAll(/\\[0-7]{3}|\\.|[^\\]+/gs)) {
    if (!piece.startsWith('\\')) bytes.push(...new TextEncoder().encode(piece))
    else if (piece.length === 4) bytes.push(Number.parseInt(piece.slice(1), 8))
    else bytes.push(ESCAPES[piece.slice(1)] ?? piece.charCodeAt(1))
  }
  return new TextDecoder().decode(new Uint8Array(bytes))
}
