import { cn } from '../ui/cn.ts'
import { CopyButton } from '../ui/copy-button.tsx'

/** A piece of code or a command with a button that copies it. */
export function CopyableCode({ code, label, className }: { code: string; label: string; className?: string }) {
  return (
    <div className={cn('relative min-w-0 max-w-full rounded-md border bg-sunken text-left text-foreground', className)}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} className="overflow-x-auto py-2 pr-10 pl-3 font-mono text-xs leading-relaxed">
        <code>{code}</code>
      </pre>
      <CopyButton text={code} label={`Copy ${label}`} className="absolute top-0.5 right-0.5" />
    </div>
  )
}
