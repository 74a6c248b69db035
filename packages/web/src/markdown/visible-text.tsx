import { Fragment } from 'react'
import { splitUnseen } from './unseen-characters.ts'

/** Text whose unseen characters are shown by their numbers, so that it cannot pretend to be another. */
export function VisibleText({ children }: { children: string }) {
  const parts = splitUnseen(children)
  if (parts.length === 1 && !parts[0]?.unseen) return children
  return parts.map((part, index) =>
    part.unseen ? (
      <span
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other identity.
        key={index}
        className="mx-px rounded-sm bg-warning-surface px-0.5 font-mono text-[0.8em] text-warning"
        title="A character that is not seen"
      >
        {part.text}
      </span>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other identity.
      <Fragment key={index}>{part.text}</Fragment>
    ),
  )
}
