/** The part of a keyboard event that shortcuts look at. */
export interface Press {
  key: string
  code?: string
  metaKey: boolean
  ctrlKey: boolean
  altKey: boolean
  shiftKey: boolean
}

/** Whether a press is a chord such as `mod+shift+k`, `j`, `?`. `mod` is Command on a Mac and Control elsewhere. */
export function matchesChord(chord: string, press: Press, mac: boolean): boolean {
  const parts = chord.split('+')
  const key = parts.pop() || '+'
  const wants = (name: string) => parts.includes(name)
  const mod = wants('mod')
  const ctrl = wants('ctrl') || (mod && !mac)
  const meta = wants('meta') || (mod && mac)
  if (press.ctrlKey !== ctrl || press.metaKey !== meta || press.altKey !== wants('alt')) return false
  // A sign such as `?` needs Shift on some keyboards and not on others; letters say by themselves whether they do.
  const sign = key.length === 1 && !/[a-z0-9]/i.test(key)
  if (!sign && press.shiftKey !== wants('shift')) return false
  const pressed = press.key === ' ' ? 'space' : press.key.toLowerCase()
  return pressed === key.toLowerCase() || (press.altKey && press.code === `Key${key.toUpperCase()}`)
}

/**
 * Whether presses end in a sequence such as `g i`: `done` all of it, `begun` a beginning of it.
 */
export function matchKeys(keys: string, presses: readonly Press[], mac: boolean): 'done' | 'begun' | 'no' {
  const chords = keys.split(' ')
  for (let length = Math.min(chords.length, presses.length); length > 0; length--) {
    const tail = presses.slice(-length)
    if (tail.every((press, index) => matchesChord(chords[index] ?? '', press, mac)))
      return length === chords.length ? 'done' : 'begun'
  }
  return 'no'
}
