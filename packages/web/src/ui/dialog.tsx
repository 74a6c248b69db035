import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from './cn.ts'
import { IconButton } from './icon-button.tsx'

export const Dialog = Radix.Root
export const DialogTrigger = Radix.Trigger
export const DialogClose = Radix.Close

interface DialogContentProps extends Omit<ComponentProps<typeof Radix.Content>, 'title'> {
  title: ReactNode
  description?: ReactNode
  /** Title and description are read out and not shown. */
  plain?: boolean
}

/** A dialog in the middle of the screen; on a phone, a sheet that rises from its lower edge. */
export function DialogContent({ className, title, description, plain, children, ...props }: DialogContentProps) {
  return (
    <Radix.Portal>
      <Overlay />
      <Radix.Content
        {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        onOpenAutoFocus={(event) => focusFirst(event, 'input, textarea, select')}
        className={cn(
          'floating fixed z-50 flex max-h-[85dvh] w-full animate-in flex-col overflow-hidden duration-150 focus:outline-none',
          'slide-in-from-bottom-4 inset-x-0 bottom-0 rounded-b-none pb-[env(safe-area-inset-bottom)]',
          'sm:fade-in-0 sm:inset-auto sm:top-[12vh] sm:left-1/2 sm:max-w-lg sm:-translate-x-1/2 sm:rounded-xl sm:pb-0',
          className,
        )}
        {...props}
      >
        {plain ? (
          <>
            <Radix.Title className="sr-only">{title}</Radix.Title>
            {description !== undefined && <Radix.Description className="sr-only">{description}</Radix.Description>}
          </>
        ) : (
          <header className="flex items-start gap-3 px-4 pt-4 pb-2">
            <div className="min-w-0 flex-1">
              <Radix.Title className="break-words font-semibold text-lg">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-1 text-muted text-sm">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close" keys="escape">
                <X />
              </IconButton>
            </Radix.Close>
          </header>
        )}
        {children}
      </Radix.Content>
    </Radix.Portal>
  )
}

/** Where the focus goes when nothing asks for it: to a field, else to the dialog itself, never to its close button. */
function focusFirst(event: Event, fields?: string): void {
  event.preventDefault()
  const dialog = event.currentTarget
  if (!(dialog instanceof HTMLElement)) return
  const field = fields === undefined ? null : dialog.querySelector<HTMLElement>(fields)
  const target = field ?? dialog
  target.focus()
}

/** What stands between title and footer; it scrolls. */
export function DialogBody({ className, ...props }: ComponentProps<'div'>) {
  return <div className={cn('min-h-0 flex-1 overflow-y-auto px-4 py-2', className)} {...props} />
}

export function DialogFooter({ className, ...props }: ComponentProps<'footer'>) {
  return <footer className={cn('flex flex-wrap items-center justify-end gap-2 px-4 pt-2 pb-4', className)} {...props} />
}

function Overlay() {
  return <Radix.Overlay className="fade-in-0 fixed inset-0 z-50 animate-in bg-black/40 duration-150" />
}

interface DrawerProps extends ComponentProps<typeof Radix.Content> {
  label: string
  side?: 'left' | 'right'
}

/** Slides in from an edge: the sidebar and file trees on a phone. Goes into a `Dialog`. */
export function DrawerContent({ label, side = 'left', className, children, ...props }: DrawerProps) {
  return (
    <Radix.Portal>
      <Overlay />
      <Radix.Content
        aria-describedby={undefined}
        // A field would bring up a phone's keyboard.
        onOpenAutoFocus={(event) => focusFirst(event)}
        className={cn(
          'fixed inset-y-0 z-50 flex w-[min(20rem,88vw)] animate-in flex-col bg-sunken shadow-raised duration-200 focus:outline-none',
          side === 'left' ? 'slide-in-from-left left-0 border-r' : 'slide-in-from-right right-0 border-l',
          className,
        )}
        {...props}
      >
        <Radix.Title className="sr-only">{label}</Radix.Title>
        {children}
      </Radix.Content>
    </Radix.Portal>
  )
}
