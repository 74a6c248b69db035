import { Tooltip as Radix } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'
import { Kbd } from './kbd.tsx'

/** Stands once around the app. */
export const TooltipProvider = Radix.Provider

interface TooltipProps {
  content: ReactNode
  /** Keys that do the same, as in `useShortcut`. */
  keys?: string
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactElement
}

/** Says more about the one child on hover and focus. Never the only place where something stands. */
export function Tooltip({ content, keys, side = 'bottom', children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={5}
          collisionPadding={8}
          className="floating fade-in-0 z-50 flex max-w-80 animate-in items-center gap-2 px-2 py-1 text-sm duration-100"
        >
          {content}
          {keys && <Kbd keys={keys} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
