import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from './cn.ts'

interface EmptyStateProps {
  icon?: LucideIcon
  title: string
  /** What would stand here, and how it comes here. */
  children?: ReactNode
  /** What to do now. */
  action?: ReactNode
  /** It is the whole page, so its title is the page's. */
  page?: boolean
  className?: string
}

/** Stands where nothing is yet. */
export function EmptyState({ icon: Icon, title, children, action, page = false, className }: EmptyStateProps) {
  const Title = page ? 'h1' : 'h2'
  return (
    <div className={cn('mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-16 text-center', className)}>
      {Icon && <Icon aria-hidden className="mb-1 size-6 text-faint" strokeWidth={1.5} />}
      <Title className="font-semibold text-lg">{title}</Title>
      {children !== undefined && <div className="text-balance text-muted">{children}</div>}
      {action !== undefined && <div className="mt-3 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  )
}
