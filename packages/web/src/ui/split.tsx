import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react'
import { cn } from './cn.ts'

interface SplitProps {
  /** Names the width in the browser's storage. */
  name: string
  /** What the divider is between, for screen readers. */
  label: string
  first: ReactNode
  /** Makes the first pane a landmark of that name, e.g. a sidebar. */
  landmark?: string
  children: ReactNode
  initial?: number
  min?: number
  max?: number
  className?: string
}

/** Two panes side by side; the first keeps the width, in pixels, that it is given by the pointer or the arrow keys. */
export function Split({
  name,
  label,
  first,
  landmark,
  children,
  initial = 280,
  min = 180,
  max = 560,
  className,
}: SplitProps) {
  const key = `skein.split.${name}`
  const [width, setWidth] = useState(() => clamp(Number(localStorage.getItem(key)) || initial, min, max))
  const drag = useRef<{ x: number; width: number } | undefined>(undefined)
  const settle = (next: number) => {
    const settled = clamp(next, min, max)
    setWidth(settled)
    localStorage.setItem(key, String(settled))
  }
  const move = (event: PointerEvent) => {
    if (drag.current) setWidth(clamp(drag.current.width + event.clientX - drag.current.x, min, max))
  }
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    settle(width + by)
  }
  const Pane = landmark === undefined ? 'div' : 'aside'
  return (
    <div className={cn('flex min-h-0 min-w-0 flex-1', className)}>
      <Pane {...(landmark === undefined ? {} : { 'aria-label': landmark })} className="flex min-h-0 shrink-0">
        <div className="flex min-h-0 shrink-0 flex-col" style={{ width }}>
          {first}
        </div>
        {/* biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be moved. */}
        <div
          role="separator"
          tabIndex={0}
          aria-label={label}
          aria-orientation="vertical"
          aria-valuenow={width}
          aria-valuemin={min}
          aria-valuemax={max}
          className="relative w-px shrink-0 cursor-col-resize touch-none bg-border after:absolute after:inset-y-0 after:-left-1 after:w-2.5 hover:bg-strong focus-visible:bg-accent"
          onKeyDown={keys}
          onDoubleClick={() => settle(initial)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId)
            drag.current = { x: event.clientX, width }
          }}
          onPointerMove={move}
          onPointerUp={() => {
            if (drag.current) settle(width)
            drag.current = undefined
          }}
        />
      </Pane>
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">{children}</div>
    </div>
  )
}

const clamp = (value: number, min: number, max: number) => Math.min(max, Math.max(min, value))
