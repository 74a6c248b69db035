import { SkeinError } from '@skein/protocol'

/** The rules of git-check-ref-format(1) for one full or partial ref name. */
export function isRefName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (name === '' || name === '@' || /[\x00-\x20\x7f~^:?*[\\]/.test(name)) return false
  if (name.startsWith('/') || name.endsWith('/') || name.endsWith('.')) return false
  if (name.includes('..') || name.includes('@{') || name.includes('//')) return false
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
}

/** Throws `invalid` unless git takes it as the name of a branch. */
export function checkBranch(name: string): void {
  if (isRefName(name) && !name.startsWith('-') && name !== 'HEAD') return
  throw new SkeinError('invalid', `${JSON.stringify(name)} cannot be the name of a branch`, {
    next: 'Use letters, digits, - _ . and /; see `git help check-ref-format`.',
  })
}

/** Throws `invalid` unless it is one of Skein's own refs and git takes it. */
export function checkOwnRef(ref: string): void {
  if (ref.startsWith('refs/skein/') && isRefName(ref)) return
  throw new SkeinError('invalid', `${JSON.stringify(ref)} cannot be the name of a snapshot`, {
    next: 'Snapshots are named refs/skein/…',
  })
}

/** Throws `invalid` unless it can stand where git takes a revision, and cannot be taken for an option or for two lines. */
export function checkRevision(revision: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (revision !== '' && !revision.startsWith('-') && !/[\x00-\x1f\x7f]/.test(revision)) return
  throw new SkeinError('invalid', `${JSON.stringify(revision)} cannot name a commit`, {
    next: 'Give a branch, a tag, or a commit.',
  })
}

/** Throws `invalid` unless it is a commit's id, whole or shortened. */
export function checkCommit(commit: string): void {
  if (/^[0-9a-f]{4,64}$/i.test(commit)) return
  throw new SkeinError('invalid', `${JSON.stringify(commit)} is not the id of a commit`, {
    next: 'Resolve the name to a commit first.',
  })
}

export const NO_COMMIT = '0'.repeat(40)
