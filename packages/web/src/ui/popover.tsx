import { Popover as Radix, HoverCard as RadixHoverCard } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from './cn.ts'

export const Popover = Radix.Root
export const PopoverTrigger = Radix.Trigger
export const PopoverAnchor = Radix.Anchor

const content = 'floating fade-in-0 z-50 w-72 animate-in p-3 text-base duration-100 focus:outline-none'

export function PopoverContent({ className, ...props }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Content sideOffset={4} collisionPadding={8} className={cn(content, className)} {...props} />
    </Radix.Portal>
  )
}

export const HoverCard = RadixHoverCard.Root
export const HoverCardTrigger = RadixHoverCard.Trigger

/** Opens while the pointer rests on its trigger: what it shows must be reachable in another way too. */
export function HoverCardContent({ className, ...props }: ComponentProps<typeof RadixHoverCard.Content>) {
  return (
    <RadixHoverCard.Portal>
      <RadixHoverCard.Content sideOffset={6} collisionPadding={8} className={cn(content, className)} {...props} />
    </RadixHoverCard.Portal>
  )
}
