import { Check, ChevronDown } from 'lucide-react'
import { Select as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from './cn.ts'

export const Select = Radix.Root
export const SelectValue = Radix.Value
export const SelectGroup = Radix.Group

type TriggerProps = ComponentProps<typeof Radix.Trigger> & { size?: 'sm' | 'md'; quiet?: boolean }

/** `quiet`: without a border, for toolbars. */
export function SelectTrigger({ className, size = 'md', quiet = false, children, ...props }: TriggerProps) {
  return (
    <Radix.Trigger
      className={cn(
        'inline-flex min-w-0 items-center justify-between gap-1.5 rounded-md text-left disabled:opacity-50 data-[placeholder]:text-muted [&>span]:truncate',
        size === 'sm' ? 'h-7 px-2 text-sm' : 'h-8 px-2.5 text-base',
        quiet ? 'text-muted hover:bg-hover hover:text-foreground' : 'border border-strong bg-surface hover:bg-hover',
        className,
      )}
      {...props}
    >
      {children}
      <Radix.Icon asChild>
        <ChevronDown className="size-3.5 shrink-0 text-muted" />
      </Radix.Icon>
    </Radix.Trigger>
  )
}

export function SelectContent({ className, children, ...props }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Content
        position="popper"
        sideOffset={4}
        collisionPadding={8}
        className={cn(
          'floating fade-in-0 z-50 max-h-[min(24rem,var(--radix-select-content-available-height))] min-w-[var(--radix-select-trigger-width)] animate-in overflow-hidden duration-100',
          className,
        )}
        {...props}
      >
        <Radix.Viewport className="p-1">{children}</Radix.Viewport>
      </Radix.Content>
    </Radix.Portal>
  )
}

type ItemProps = ComponentProps<typeof Radix.Item> & { detail?: ReactNode }

export function SelectItem({ className, children, detail, ...props }: ItemProps) {
  return (
    <Radix.Item
      className={cn(
        'relative flex min-h-8 cursor-default select-none items-center rounded-md py-1 pr-3 pl-8 outline-none data-[disabled]:pointer-events-none data-[highlighted]:bg-selected data-[disabled]:opacity-50',
        className,
      )}
      // With a detail, all of what is seen is the name.
      {...(detail === undefined ? {} : { 'aria-labelledby': undefined })}
      {...props}
    >
      <span className="absolute left-2 flex size-4 items-center justify-center">
        <Radix.ItemIndicator>
          <Check className="size-4" />
        </Radix.ItemIndicator>
      </span>
      <span className="min-w-0">
        <Radix.ItemText>{children}</Radix.ItemText>
        {detail !== undefined && <span className="block max-w-72 text-muted text-xs">{detail}</span>}
      </span>
    </Radix.Item>
  )
}
