import { Check, Copy, Link2 } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { toast } from '../ui/toast.tsx'

/** How long it says that it was copied. */
const SAID_MS = 1500

/**
 * What can be done with an item: shown while the pointer or the focus is in its row. The buttons are as plain as can be, since
 * every row that scrolls by has them.
 */
export function RowActions({ seq, text, children }: { seq: number; text?: string; children?: ReactNode }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text ?? '')
    setCopied(true)
    setTimeout(() => setCopied(false), SAID_MS)
  }
  const copyLink = async () => {
    await navigator.clipboard.writeText(`${location.origin}${location.pathname}#e${seq}`)
    toast.success('The link was copied')
  }
  return (
    <div className="absolute -top-1 right-0 z-10 flex rounded-md bg-background opacity-0 focus-within:opacity-100 group-hover/item:opacity-100">
      {children}
      {text !== undefined && text !== '' && (
        <RowButton label={copied ? 'Copied' : 'Copy'} run={copy}>
          {copied ? <Check className="text-success" /> : <Copy />}
        </RowButton>
      )}
      {seq > 0 && (
        <RowButton label="Copy a link to this" run={copyLink}>
          <Link2 />
        </RowButton>
      )}
    </div>
  )
}

function RowButton({ label, run, children }: { label: string; run(): Promise<void>; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={() => void run().catch(() => toast.error('The browser did not let it be copied'))}
      className="inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-foreground [&_svg]:size-3.5"
    >
      {children}
    </button>
  )
}
