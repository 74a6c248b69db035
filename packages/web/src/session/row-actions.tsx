import { useLocation } from '@tanstack/react-router'
import { Link2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { CopyButton } from '../ui/copy-button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { toast } from '../ui/toast.tsx'

/** What can be done with an item: shown while the pointer or the focus is in its row. */
export function RowActions({ seq, text, children }: { seq: number; text?: string; children?: ReactNode }) {
  const { pathname } = useLocation()
  return (
    <div className="absolute -top-1 right-0 z-10 flex rounded-md bg-background opacity-0 focus-within:opacity-100 group-hover/item:opacity-100">
      {children}
      {text !== undefined && text !== '' && <CopyButton text={text} />}
      {seq > 0 && (
        <IconButton
          label="Copy a link to this"
          onClick={() => {
            void navigator.clipboard
              .writeText(`${location.origin}${pathname}#e${seq}`)
              .then(() => toast.success('The link was copied'))
          }}
        >
          <Link2 />
        </IconButton>
      )}
    </div>
  )
}
