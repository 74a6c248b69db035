import { Button, type ButtonProps } from './button.tsx'
import { Tooltip } from './tooltip.tsx'

type IconButtonProps = Omit<ButtonProps, 'aria-label'> & {
  /** Its name, shown as a tooltip. */
  label: string
  /** Keys that do the same, as in `useShortcut`. */
  keys?: string
  side?: 'top' | 'right' | 'bottom' | 'left'
}

/** A button that is only a picture; its name is read out and shown on hover and focus. */
export function IconButton({ label, keys, side, size = 'icon-sm', variant = 'ghost', ...props }: IconButtonProps) {
  return (
    <Tooltip content={label} {...(keys ? { keys } : {})} {...(side ? { side } : {})}>
      <Button aria-label={label} size={size} variant={variant} {...props} />
    </Tooltip>
  )
}
