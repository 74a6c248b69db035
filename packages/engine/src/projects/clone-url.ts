import { basename } from 'node:path'
import { SkeinError } from '@skein/protocol'

/** What a person gave to be cloned, with the password apart: that is nobody's but git's. */
export interface CloneSource {
  url: string
  username?: string
  password?: string
  /** What the clone is called. */
  name: string
}

/** Takes a URL apart. Throws `invalid` for what git would not take for the address of a repository. */
export function cloneSource(given: string): CloneSource {
  const text = given.trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (text === '' || text.startsWith('-') || /[\x00-\x20\x7f]/.test(text) || /^[a-z]+::/i.test(text)) throw refused()
  const name = basename(
    text
      .replace(/[?#].*$/, '')
      .replace(/\/+$/, '')
      .replace(/^[^/]*:(?!\/\/)/, ''),
  ).replace(/\.git$/, '')
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(name)) throw refused()
  if (!/^https?:/i.test(text)) {
    const known =
      /^(?:ssh|git|file):\/\/[^/]*\//i.test(text) || /^[^/:]+@?[^/:]*:[^:]/.test(text) || text.startsWith('/')
    if (!known) throw refused()
    return { url: text, name }
  }
  const url = parse(text)
  const username = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  if (password === '') return { url: url.href, name }
  url.username = ''
  url.password = ''
  return { url: url.href, username, password, name }
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw refused()
  }
}

/** Without the text: it may hold a password. */
function refused(): SkeinError {
  return new SkeinError('invalid', 'cloning: this is not the address of a repository', {
    next: 'Give one such as https://example.org/group/name.git or git@example.org:group/name.git.',
  })
}
