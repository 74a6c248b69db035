import type { ReactNode } from 'react'
import { Dialog, DrawerContent } from '../ui/dialog.tsx'
import { Split } from '../ui/split.tsx'

interface TreePanelProps {
  open: boolean
  /** A drawer over the diff, not a column beside it. */
  narrow: boolean
  onClose(): void
  tree: ReactNode
  children: ReactNode
}

/** The file tree beside what it is the tree of; on a narrow screen it is a drawer. */
export function TreePanel({ open, narrow, onClose, tree, children }: TreePanelProps) {
  if (narrow) {
    return (
      <>
        {children}
        <Dialog open={open} onOpenChange={(stays) => !stays && onClose()}>
          <DrawerContent label="Changed files">{tree}</DrawerContent>
        </Dialog>
      </>
    )
  }
  if (!open) return <>{children}</>
  return (
    <Split
      name="changes"
      label="Width of the file tree"
      initial={300}
      first={
        <aside aria-label="Changed files" className="min-h-0 flex-1 bg-sunken">
          {tree}
        </aside>
      }
    >
      {children}
    </Split>
  )
}
