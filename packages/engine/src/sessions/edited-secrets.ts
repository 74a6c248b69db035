import { type ContentBlock, SkeinError } from '@skein/protocol'
import { REDACTED, type Redactor } from '../security/redact.ts'

/**
 * An edited prompt with the secrets of the prompt that it was: who edited it saw `[redacted]` in their places, and leaves that
 * where a secret shall stay. Throws `invalid` where it cannot be told which secret is meant.
 */
export function withSecrets(
  redactor: Redactor,
  before: readonly ContentBlock[],
  edited: readonly ContentBlock[],
): readonly ContentBlock[] {
  const secrets = before.flatMap((block) => (block.type === 'text' ? secretsIn(redactor, block.text) : []))
  const places = edited.reduce((sum, block) => sum + (block.type === 'text' ? placesIn(block.text) : 0), 0)
  if (secrets.length === 0 || places === 0) return edited
  const [only] = secrets
  const onlyOne = secrets.every((secret) => secret === only)
  if (!onlyOne && places !== secrets.length)
    throw new SkeinError(
      'invalid',
      `editing a prompt: it holds ${secrets.length} secrets, and ${places} places marked ${REDACTED} do not tell which of them stay`,
      { next: `Write the secrets out where they shall stand, in the place of every ${REDACTED}.` },
    )
  let next = 0
  const secret = () => (onlyOne ? only : secrets[next++]) ?? REDACTED
  return edited.map((block) =>
    block.type === 'text' ? { ...block, text: block.text.replaceAll(REDACTED, secret) } : block,
  )
}

/** What is shown as `[redacted]`, one for each time, in the order in which it stands there. */
function secretsIn(redactor: Redactor, text: string): string[] {
  // Written by the person: it stays what it is, but it counts as a place.
  const written = [...text.matchAll(/\[redacted\]/g)].map(({ index }) => ({ at: index, text: REDACTED }))
  const found = redactor.find(text).map(({ start, end }) => ({ at: start, text: text.slice(start, end) }))
  return found.length === 0 ? [] : [...found, ...written].sort((a, b) => a.at - b.at).map((one) => one.text)
}

const placesIn = (text: string) => text.split(REDACTED).length - 1
