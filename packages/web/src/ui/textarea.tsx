import { type ComponentProps, useLayoutEffect, useRef } from 'react'
import { cn } from './cn.ts'

type TextareaProps = ComponentProps<'textarea'> & {
  /** Grows with its text, up to its `max-height`. */
  grow?: boolean
}

export function Textarea({ className, grow = false, ref, ...props }: TextareaProps) {
  const own = useRef<HTMLTextAreaElement | null>(null)
  const { value } = props
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    const element = own.current
    if (!grow || !element) return
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
      className={cn('field block w-full', grow && 'resize-none', className)}
      {...props}
    />
  )
}
