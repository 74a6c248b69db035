import { LoaderCircle } from 'lucide-react'
import { cn } from './cn.ts'

export function Spinner({ className, label }: { className?: string; label?: string }) {
  return (
    <LoaderCircle
      {...(label ? { role: 'status', 'aria-label': label } : { 'aria-hidden': true })}
      className={cn('size-4 animate-spin text-muted', className)}
    />
  )
}
