import { cn } from '../ui/cn.ts'
import { CopyButton } from '../ui/copy-button.tsx'

/** A piece of code or a command with a button that copies it. */
export function CopyableCode({ code, label, className }: { code: string; label: string; className?: string }) {
  return (
    <div
      className={cn(
        'flex min-w-0 max-w-full items-start rounded-md border bg-sunken text-left text-foreground',
        className,
      )}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} className="min-w-0 flex-1 overflow-x-auto py-2 pl-3 font-mono text-xs leading-relaxed">
        <code>{code}</code>
      </pre>
      <CopyButton text={code} label={`Copy ${label}`} className="m-0.5 shrink-0" />
    </div>
  )
}
