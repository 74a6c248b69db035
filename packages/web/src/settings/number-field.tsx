import { useEffect, useState } from 'react'

interface NumberFieldProps {
  id?: string
  'aria-describedby'?: string
  value: number
  min: number
  max: number
  step?: number
  onChange: (value: number) => void
}

/** A number that is taken once it is one within the limits. */
export function NumberField({ value, min, max, onChange, ...props }: NumberFieldProps) {
  const [typed, setTyped] = useState(String(value))
  useEffect(() => setTyped(String(value)), [value])
  const number = Number(typed)
  const valid = Number.isInteger(number) && number >= min && number <= max
  return (
    <input
      {...props}
      type="number"
      inputMode="numeric"
      min={min}
      max={max}
      value={typed}
      aria-invalid={!valid}
      onChange={(event) => {
        setTyped(event.target.value)
        const next = Number(event.target.value)
        if (event.target.value !== '' && Number.isInteger(next) && next >= min && next <= max) onChange(next)
      }}
      onBlur={() => !valid && setTyped(String(value))}
      className="field nums w-28 py-1 text-sm"
    />
  )
}
