import type { ComponentProps } from 'react'
import { cn } from './cn.ts'

/** The place of something that is on its way. Give it a size by `className`. */
export function Skeleton({ className, ...props }: ComponentProps<'div'>) {
  return <div aria-hidden className={cn('pulse rounded-md bg-hover', className)} {...props} />
}

/** Lines of text that are on their way. */
export function SkeletonLines({ lines = 4, className }: { lines?: number; className?: string }) {
  return (
    <div role="status" aria-label="Loading" className={cn('flex flex-col gap-2.5', className)}>
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike.
          key={index}
          className={cn('h-3.5', index % 3 === 2 ? 'w-1/2' : index % 3 === 1 ? 'w-5/6' : 'w-full')}
        />
      ))}
    </div>
  )
}
