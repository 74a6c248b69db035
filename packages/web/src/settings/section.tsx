import { type ReactNode, useId } from 'react'

/** A part of the settings. */
export function Section({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} className="scroll-mt-4 pt-8">
      <h2 id={`${id}-title`} className="mb-1 border-b pb-2 font-semibold text-lg">
        {title}
      </h2>
      {children}
    </section>
  )
}

interface SettingRowProps {
  label: string
  hint?: ReactNode
  /** The control; it takes the given props, which tie it to the label. */
  children: (props: { id: string; 'aria-describedby'?: string }) => ReactNode
}

/** One setting: what it is on the left, its control on the right. */
export function SettingRow({ label, hint, children }: SettingRowProps) {
  const id = useId()
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b py-3 last:border-b-0">
      <div className="min-w-0 flex-1 basis-52">
        <label htmlFor={id}>{label}</label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-muted text-sm">
            {hint}
          </p>
        )}
      </div>
      {children({ id, ...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }) })}
    </div>
  )
}
