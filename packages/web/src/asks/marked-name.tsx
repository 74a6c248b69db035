import { Fragment } from 'react'
import { visibleCharacters } from '../comments/visible-characters.ts'

/** A line in which `code` stands between backticks. */
export function MarkedName({ text }: { text: string }) {
  return (
    <span className="min-w-0 break-words">
      {visibleCharacters(text)
        .split('`')
        .map((part, index) =>
          index % 2 === 1 ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no names and no state.
            <code key={index} className="break-all font-mono text-[0.9em]">
              {part}
            </code>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            <Fragment key={index}>{part}</Fragment>
          ),
        )}
    </span>
  )
}
