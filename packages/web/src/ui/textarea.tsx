import { type ComponentProps, useLayoutEffect, useRef } from 'react'
import { cn } from './cn.ts'

type TextareaProps = ComponentProps<'textarea'> & {
  /** Grows with its text, up to its `max-height`. */
  grow?: boolean
}

/** The browser sizes it by itself; to ask for the height of its text costs a layout of the page with each key. */
const SIZES_ITSELF = CSS.supports('field-sizing', 'content')

export function Textarea({ className, grow = false, ref, ...props }: TextareaProps) {
  const own = useRef<HTMLTextAreaElement | null>(null)
  const { value, rows = 1 } = props
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    const element = own.current
    if (!grow || SIZES_ITSELF || !element) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`
  }, [grow, value])
  return (
    <textarea
      ref={(element) => {
        own.current = element
        if (typeof ref === 'function') ref(element)
        else if (ref) ref.current = element
      }}
      className={cn('field block w-full', grow && 'field-sizing-content resize-none', className)}
      {...props}
      {...(grow && SIZES_ITSELF && rows > 1 ? { style: { minHeight: `calc(${rows}lh + 1rem)`, ...props.style } } : {})}
    />
  )
}
