import { Check } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from './cn.ts'
import { Kbd } from './kbd.tsx'

export const DropdownMenu = Radix.Root
export const DropdownMenuTrigger = Radix.Trigger
export const DropdownMenuGroup = Radix.Group
export const DropdownMenuRadioGroup = Radix.RadioGroup

const item =
  'relative flex min-h-8 cursor-default select-none items-center gap-2 rounded-md px-2 text-base outline-none data-[disabled]:pointer-events-none data-[highlighted]:bg-selected data-[disabled]:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted'

export function DropdownMenuContent({ className, ...props }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Content
        sideOffset={4}
        collisionPadding={8}
        className={cn(
          'floating fade-in-0 z-50 max-h-[min(24rem,var(--radix-dropdown-menu-content-available-height))] min-w-44 animate-in overflow-y-auto p-1 duration-100',
          className,
        )}
        {...props}
      />
    </Radix.Portal>
  )
}

type ItemProps = ComponentProps<typeof Radix.Item> & { keys?: string; danger?: boolean }

export function DropdownMenuItem({ className, keys, danger, children, asChild, ...props }: ItemProps) {
  const classes = cn(item, danger && 'text-danger [&_svg]:text-danger', className)
  if (asChild) {
    return (
      <Radix.Item asChild className={classes} {...props}>
        {children}
      </Radix.Item>
    )
  }
  return (
    <Radix.Item className={classes} {...props}>
      {children}
      {keys && <Kbd keys={keys} className="ml-auto pl-4" />}
    </Radix.Item>
  )
}

export function DropdownMenuCheckboxItem({ className, children, ...props }: ComponentProps<typeof Radix.CheckboxItem>) {
  return (
    <Radix.CheckboxItem className={cn(item, 'pl-8', className)} {...props}>
      <Mark />
      {children}
    </Radix.CheckboxItem>
  )
}

type RadioItemProps = ComponentProps<typeof Radix.RadioItem> & { detail?: ReactNode }

export function DropdownMenuRadioItem({ className, children, detail, ...props }: RadioItemProps) {
  return (
    <Radix.RadioItem className={cn(item, 'pl-8', detail !== undefined && 'py-1.5', className)} {...props}>
      <Mark />
      <span className="min-w-0">
        <span className="block">{children}</span>
        {detail !== undefined && <span className="block max-w-64 text-muted text-xs">{detail}</span>}
      </span>
    </Radix.RadioItem>
  )
}

function Mark() {
  return (
    <span className="absolute left-2 flex size-4 items-center justify-center">
      <Radix.ItemIndicator>
        <Check />
      </Radix.ItemIndicator>
    </span>
  )
}

export function DropdownMenuLabel({ className, ...props }: ComponentProps<typeof Radix.Label>) {
  return <Radix.Label className={cn('px-2 py-1.5 font-medium text-muted text-xs', className)} {...props} />
}

export function DropdownMenuSeparator({ className, ...props }: ComponentProps<typeof Radix.Separator>) {
  return <Radix.Separator className={cn('-mx-1 my-1 h-px bg-border', className)} {...props} />
}
