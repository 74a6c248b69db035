import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { IconButton } from './icon-button.tsx'

interface CopyButtonProps {
  text: string | (() => string)
  label?: string
  className?: string
}

/** Copies a text, and says that it did. */
export function CopyButton({ text, label = 'Copy', className }: CopyButtonProps) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <IconButton
      label={copied ? 'Copied' : label}
      {...(className ? { className } : {})}
      onClick={(event) => {
        event.stopPropagation()
        void navigator.clipboard.writeText(typeof text === 'string' ? text : text()).then(() => setCopied(true))
      }}
    >
      {copied ? <Check className="text-success" /> : <Copy />}
    </IconButton>
  )
}
