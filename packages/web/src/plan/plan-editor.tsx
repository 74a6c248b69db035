import { lazy, Suspense, useDeferredValue } from 'react'
import { Button } from '../ui/button.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Textarea } from '../ui/textarea.tsx'

const PlanDiff = lazy(() => import('./plan-diff.tsx').then((module) => ({ default: module.PlanDiff })))

interface PlanEditorProps {
  original: string
  text: string
  onChange(text: string): void
  onDiscard(): void
}

/** The plan as text to change, and what was changed. The edited plan is what is approved. */
export function PlanEditor({ original, text, onChange, onDiscard }: PlanEditorProps) {
  const shown = useDeferredValue(text)
  return (
    <div className="flex flex-col gap-3 p-3">
      <Textarea
        grow
        value={text}
        aria-label="The plan as markdown"
        spellCheck
        className="max-h-[60vh] min-h-60 font-mono text-sm leading-relaxed"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      <div className="flex items-center gap-2">
        <h3 className="font-semibold text-sm">Your edits</h3>
        <span className="text-muted text-xs">They count when you approve.</span>
        {text !== original && (
          <Button size="sm" variant="ghost" className="ml-auto" onClick={onDiscard}>
            Discard edits
          </Button>
        )}
      </div>
      <div className="overflow-hidden rounded-lg border border-border">
        <Suspense fallback={<Skeleton className="h-24" />}>
          <PlanDiff before={original} after={shown} split={false} label="Your edits" />
        </Suspense>
      </div>
    </div>
  )
}
