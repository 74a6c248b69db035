import { keyNames } from '../keys/key-names.ts'
import { cn } from './cn.ts'

/** Keys as they are printed on the keyboard: `mod+k`, `g i`. */
export function Kbd({ keys, className }: { keys: string; className?: string }) {
  return (
    <span className={cn('inline-flex items-center gap-0.5 text-muted', className)}>
      {keyNames(keys).map((name, index) => (
        <kbd
          // biome-ignore lint/suspicious/noArrayIndexKey: the same key may come twice.
          key={index}
          className="min-w-4 rounded-sm border border-border bg-sunken px-1 text-center font-sans text-[0.6875rem] leading-4"
        >
          {name}
        </kbd>
      ))}
    </span>
  )
}
