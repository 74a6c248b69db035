/**
 * How well a path answers what was typed (in lower case), greater is better; undefined when its letters do not occur in that
 * order. Letters of the file's name count more than those of its folders, a run more than scattered ones, the beginning of a
 * word more than its middle. A slash parts what is looked for in folders from what is looked for in the name.
 */
export function scorePath(path: string, lower: string, query: string): number | undefined {
  if (query === '') return -path.length
  const nameAt = lower.lastIndexOf('/') + 1
  const slash = query.lastIndexOf('/')
  const [folders, name] = [query.slice(0, Math.max(0, slash)), query.slice(slash + 1)]
  const inName = name === '' ? 0 : scoreFrom(path, lower, name, nameAt)
  const inFolders = folders === '' ? 0 : scoreFrom(path, lower.slice(0, nameAt), folders, 0)
  if (inName !== undefined && inFolders !== undefined)
    return inName + inFolders + 50 + exactness(lower, name, nameAt) - path.length / 100
  const anywhere = scoreFrom(path, lower, query, 0)
  return anywhere === undefined ? undefined : anywhere - path.length / 100
}

function exactness(lower: string, name: string, nameAt: number): number {
  if (name === '' || !lower.startsWith(name, nameAt)) return 0
  return lower.length - nameAt === name.length ? 100 : 40
}

function scoreFrom(path: string, lower: string, query: string, from: number): number | undefined {
  const whole = lower.indexOf(query, from)
  if (whole !== -1) return 20 + query.length * 6 + (beginsWord(path, whole) ? 10 : 0)
  let score = 0
  let last = from - 1
  for (const letter of query) {
    const at = lower.indexOf(letter, last + 1)
    if (at === -1) return undefined
    score += at === last + 1 ? 4 : beginsWord(path, at) ? 3 : 1
    last = at
  }
  return score
}

function beginsWord(path: string, at: number): boolean {
  const before = path.charCodeAt(at - 1)
  // At the beginning, or after one of `/ . _ -` and space.
  if (Number.isNaN(before) || before === 47 || before === 46 || before === 95 || before === 45 || before === 32)
    return true
  const here = path.charCodeAt(at)
  return here >= 65 && here <= 90 && !(before >= 65 && before <= 90)
}

/** Which letters and digits a text has, as bits: what lacks one of those that are looked for need not be looked at. */
export function lettersIn(lower: string): number {
  let bits = 0
  for (let index = 0; index < lower.length; index++) {
    const code = lower.charCodeAt(index)
    if (code >= 97 && code <= 122) bits |= 1 << (code - 97)
    else if (code >= 48 && code <= 57) bits |= 1 << (26 + (code % 5))
  }
  return bits
}
