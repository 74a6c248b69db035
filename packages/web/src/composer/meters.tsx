import type { Session } from '@skein/protocol'
import { count, dollars } from '../ui/amounts.ts'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { Popover, PopoverContent, PopoverTrigger } from '../ui/popover.tsx'

const RADIUS = 6
const ROUND = 2 * Math.PI * RADIUS

/** How full the agent's context is and what the session has cost; opened, the figures. */
export function Meters({ usage }: { usage: Session['usage'] }) {
  const { cost, contextUsed, contextSize, inputTokens, outputTokens } = usage
  const part = contextUsed !== undefined && contextSize ? Math.min(1, contextUsed / contextSize) : undefined
  const percent = part === undefined ? undefined : Math.round(part * 100)
  const full = part !== undefined && part >= 0.8
  if (percent === undefined && cost === 0 && inputTokens === 0) return null
  const rows = [
    ...(percent === undefined
      ? []
      : [['Context', `${count(contextUsed ?? 0)} of ${count(contextSize ?? 0)} tokens (${percent}%)`]]),
    ['Cost', `${dollars(cost)} at list price`],
    ['Tokens in', count(inputTokens)],
    ['Tokens out', count(outputTokens)],
  ]
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button size="sm" variant="ghost" className="nums px-2">
          {part !== undefined && (
            <svg viewBox="0 0 16 16" aria-hidden="true" className={cn('-rotate-90', full && 'text-warning')}>
              <circle cx="8" cy="8" r={RADIUS} fill="none" strokeWidth="2.5" className="stroke-border" />
              <circle
                cx="8"
                cy="8"
                r={RADIUS}
                fill="none"
                stroke="currentColor"
                strokeWidth="2.5"
                strokeDasharray={`${part * ROUND} ${ROUND}`}
              />
            </svg>
          )}
          {percent !== undefined && (
            <span className={cn(full && 'text-warning')}>
              <span className="sr-only">Context used: </span>
              {percent}%
            </span>
          )}
          <span className={cn(percent !== undefined && 'max-sm:hidden')}>
            <span className="sr-only">Cost: </span>
            {dollars(cost)}
          </span>
        </Button>
      </PopoverTrigger>
      <PopoverContent aria-label="Use of the context and cost" side="top" align="end" className="w-auto">
        <dl className="nums grid grid-cols-[auto_auto] gap-x-4 gap-y-1 text-sm">
          {rows.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="text-right">{value}</dd>
            </div>
          ))}
        </dl>
        {full && (
          <p className="mt-2 max-w-60 text-muted text-sm">
            The context is nearly full. The agent will soon sum up what came before, or you can begin a new session.
          </p>
        )}
      </PopoverContent>
    </Popover>
  )
}
