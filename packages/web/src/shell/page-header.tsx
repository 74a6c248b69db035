import type { ReactNode } from 'react'
import { cn } from '../ui/cn.ts'

interface PageHeaderProps {
  title: ReactNode
  /** One line below. */
  children?: ReactNode
  actions?: ReactNode
  className?: string
}

/** The heading of a page that is not within a workspace. */
export function PageHeader({ title, children, actions, className }: PageHeaderProps) {
  return (
    <header className={cn('flex flex-wrap items-center gap-x-4 gap-y-2 px-4 pt-5 pb-3 sm:px-8 sm:pt-8', className)}>
      <div className="min-w-0 flex-1">
        <h1 className="font-semibold text-2xl tracking-tight">{title}</h1>
        {children !== undefined && <p className="mt-1 text-muted">{children}</p>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  )
}
