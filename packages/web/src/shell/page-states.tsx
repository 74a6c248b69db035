import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { Feather } from 'lucide-react'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'

/** Stands while a page's code is on its way. */
export function PagePending() {
  return (
    <div className="mx-auto w-full max-w-3xl p-8">
      <SkeletonLines lines={6} />
    </div>
  )
}

/** Stands where a page broke; the rest of the app works on. */
export function PageError({ error, reset }: ErrorComponentProps) {
  return <ErrorState error={error} title="This page broke" retry={reset} className="my-auto" />
}

export function NotFound() {
  return (
    <EmptyState
      page
      icon={Feather}
      title="There is nothing here"
      className="my-auto"
      action={
        <Button asChild>
          <Link to="/">Go home</Link>
        </Button>
      }
    >
      The address is wrong, or what it named is gone.
    </EmptyState>
  )
}
