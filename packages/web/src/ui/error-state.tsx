import { TriangleAlert } from 'lucide-react'
import { describeError } from '../api/describe-error.ts'
import { Button } from './button.tsx'
import { cn } from './cn.ts'

interface ErrorStateProps {
  error: unknown
  /** What could not be done, e.g. “The changes could not be read”. */
  title?: string
  retry?: () => void
  className?: string
}

/** Stands where something should be that could not be had: what, why, and what to do. */
export function ErrorState({ error, title, retry, className }: ErrorStateProps) {
  const { message, next } = describeError(error)
  return (
    <div
      role="alert"
      className={cn('mx-auto flex max-w-lg flex-col items-center gap-2 px-6 py-12 text-center', className)}
    >
      <TriangleAlert aria-hidden className="mb-1 size-6 text-danger" strokeWidth={1.5} />
      <h2 className="font-semibold text-lg">{title ?? 'This could not be shown'}</h2>
      <p className="max-w-full whitespace-pre-wrap break-words text-muted">{message}</p>
      {next !== undefined && <p className="max-w-full break-words">{next}</p>}
      {retry && (
        <Button className="mt-3" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  )
}
