import { splitUnseen } from '../markdown/unseen-characters.ts'

/** The text with unseen characters shown by their numbers, for where it must stay one string. */
export function visibleCharacters(text: string): string {
  return splitUnseen(text)
    .map((part) => (part.unseen ? `⟦${part.text}⟧` : part.text))
    .join('')
}
