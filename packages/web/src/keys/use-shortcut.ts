import { useEffect, useEffectEvent, useId } from 'react'
import { create } from 'zustand'
import { matchKeys, type Press } from './match-keys.ts'

export interface Shortcut {
  /** `j`, `mod+k`, or one after the other: `g i`. Without keys it is an action of the palette alone. */
  keys?: string | undefined
  /** Another chord that does the same, not shown. */
  alias?: string
  label: string
  /** Where it stands under `?` and in the palette. */
  group: string
  /** Whether it can be done now. */
  when?: boolean
  /** Also while typing into a field. Chords with mod, ctrl or alt always do. */
  whileTyping?: boolean
  /** Also while a dialog or menu is open. */
  inDialog?: boolean
  /** Not offered in the palette (moves of a cursor and the like). */
  hidden?: boolean
  run(): void
}

interface Entry extends Shortcut {
  id: string
}

const useRegistry = create<{ entries: readonly Entry[] }>()(() => ({ entries: [] }))

/** Makes an action known: by its keys, under `?`, and in the palette, as long as the component stands. */
export function useShortcut(shortcut: Shortcut): void {
  const { keys, alias, label, group, when = true, whileTyping = false, inDialog = false, hidden = false } = shortcut
  const id = useId()
  const run = useEffectEvent(() => shortcut.run())
  useEffect(() => {
    if (!when) return
    const entry: Entry = {
      ...{ id, label, group, whileTyping, inDialog, hidden, run: () => run() },
      ...(keys === undefined ? {} : { keys }),
      ...(alias === undefined ? {} : { alias }),
    }
    useRegistry.setState(({ entries }) => ({ entries: [...entries, entry] }))
    return () => useRegistry.setState(({ entries }) => ({ entries: entries.filter((other) => other !== entry) }))
  }, [id, keys, alias, label, group, when, whileTyping, inDialog, hidden])
}

/** All that can be done now, the newest last. */
export const useShortcuts = () => useRegistry((state) => state.entries)

const SEQUENCE_MS = 1000
const isMac = () => /Mac|iPhone|iPad/.test(navigator.userAgent)

/** Listens for the keys of all shortcuts; of two that are met, the one that was made known last runs. */
export function listenForShortcuts(target: Window): () => void {
  let presses: (Press & { at: number })[] = []
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || /^(Shift|Control|Alt|Meta)$/.test(event.key)) return
    const { key, code, metaKey, ctrlKey, altKey, shiftKey, timeStamp } = event
    const press = { key, code, metaKey, ctrlKey, altKey, shiftKey, at: timeStamp }
    presses = [...presses.filter(({ at }) => timeStamp - at < SEQUENCE_MS), press].slice(-3)
    const typing = isTyping(event.target) && !(metaKey || ctrlKey || altKey)
    const layered = isLayered(event.target)
    for (const entry of useRegistry.getState().entries.toReversed()) {
      if ((typing && !entry.whileTyping) || (layered && !entry.inDialog)) continue
      const chords = [entry.keys, entry.alias].filter((chord) => chord !== undefined)
      if (!chords.some((chord) => matchKeys(chord, presses, isMac()) === 'done')) continue
      event.preventDefault()
      presses = []
      entry.run()
      return
    }
  }
  target.addEventListener('keydown', onKeyDown)
  return () => target.removeEventListener('keydown', onKeyDown)
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
}

function isLayered(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('[role=dialog], [role=alertdialog], [role=menu], [role=listbox]') !== null
  )
}
