import { Toaster as Sonner, toast } from 'sonner'
import { describeError } from '../api/describe-error.ts'
import { useTheme } from '../theme/theme.ts'

export { toast }

/** Says what went wrong and what to do about it. Repeats of one message do not pile up. */
export function toastError(error: unknown): void {
  const { message, next } = describeError(error)
  toast.error(message, { id: message, ...(next === undefined ? {} : { description: next }), duration: 10_000 })
}

/** Where toasts appear; stands once in the app. */
export function ToastRoot() {
  const theme = useTheme((state) => state.resolved)
  return (
    <Sonner
      theme={theme}
      position="bottom-right"
      closeButton
      toastOptions={{
        unstyled: true,
        classNames: {
          toast: 'floating flex w-full items-start gap-2.5 p-3 text-base',
          content: 'min-w-0 flex-1',
          title: 'font-medium break-words',
          description: 'mt-0.5 text-muted text-sm break-words',
          icon: 'mt-0.5 shrink-0',
          error: '[&_[data-icon]]:text-danger',
          success: '[&_[data-icon]]:text-success',
          warning: '[&_[data-icon]]:text-warning',
          actionButton: 'shrink-0 rounded-md border border-strong px-2 py-1 text-sm font-medium hover:bg-hover',
          closeButton: 'order-last shrink-0 text-muted hover:text-foreground',
        },
      }}
    />
  )
}
