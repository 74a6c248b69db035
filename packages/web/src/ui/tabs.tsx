import { Tabs as Radix } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from './cn.ts'

export const Tabs = Radix.Root

/** The looks of a row of tabs, for tabs that are links. */
export const tabsList = 'relative flex items-center gap-1 overflow-x-auto'
/** The looks of one tab; `data-state=active` or `aria-current=page` is the one that is shown. */
export const tabsTrigger =
  'inline-flex h-8 shrink-0 items-center gap-1.5 whitespace-nowrap rounded-md px-2.5 font-medium text-muted text-sm transition-colors hover:bg-hover hover:text-foreground aria-[current=page]:bg-selected aria-[current=page]:text-foreground data-[state=active]:bg-selected data-[state=active]:text-foreground [&_svg]:size-3.5'

export function TabsList({ className, ...props }: ComponentProps<typeof Radix.List>) {
  return <Radix.List className={cn(tabsList, className)} {...props} />
}

export function TabsTrigger({ className, ...props }: ComponentProps<typeof Radix.Trigger>) {
  return <Radix.Trigger className={cn(tabsTrigger, className)} {...props} />
}

/** Begins with something that takes the focus, so the panel itself need not. */
export function TabsContent({ className, ...props }: ComponentProps<typeof Radix.Content>) {
  return <Radix.Content tabIndex={-1} className={cn('min-h-0 flex-1', className)} {...props} />
}
