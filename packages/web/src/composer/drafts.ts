import { useCallback, useEffect, useMemo } from 'react'
import { create } from 'zustand'
import type { PromptImage } from './images.ts'

/** A prompt that is being written. */
export interface Draft {
  text: string
  images: readonly PromptImage[]
}

const EMPTY: Draft = { text: '', images: [] }
const WRITE_AFTER_MS = 250
const keyOf = (name: string) => `skein.prompt.${name}`

const useDrafts = create<{ drafts: ReadonlyMap<string, Draft> }>()(() => ({ drafts: new Map() }))
const waiting = new Map<string, ReturnType<typeof setTimeout>>()

const storage = (): Storage | undefined => {
  try {
    return globalThis.localStorage
  } catch {
    return undefined
  }
}

/** The draft of this name: as it stands in this tab, else as the browser kept it. */
export function readDraft(name: string): Draft {
  const known = useDrafts.getState().drafts.get(name)
  if (known) return known
  const text = storage()?.getItem(keyOf(name)) ?? ''
  return text === '' ? EMPTY : { text, images: [] }
}

/** Changes a draft. Its text outlives a reload, and its images the way to another page and back. */
export function writeDraft(name: string, change: Partial<Draft>): void {
  const draft = { ...readDraft(name), ...change }
  useDrafts.setState(({ drafts }) => ({ drafts: new Map(drafts).set(name, draft) }))
  clearTimeout(waiting.get(name))
  waiting.set(
    name,
    setTimeout(() => keepDraft(name), WRITE_AFTER_MS),
  )
}

/** Gives a draft to the browser now. */
export function keepDraft(name: string): void {
  clearTimeout(waiting.get(name))
  if (!waiting.delete(name)) return
  const { text } = readDraft(name)
  try {
    if (text === '') storage()?.removeItem(keyOf(name))
    else storage()?.setItem(keyOf(name), text)
  } catch {
    // A full or forbidden storage: the draft lasts as long as the page.
  }
}

const keepAll = () => {
  for (const name of [...waiting.keys()]) keepDraft(name)
}

/** The draft of a name; `set` changes it, `clear` ends it. */
export function useDraft(name: string): Draft & { set(change: Partial<Draft>): void; clear(): void } {
  const known = useDrafts(({ drafts }) => drafts.get(name))
  const kept = useMemo(() => readDraft(name), [name])
  const draft = known ?? kept
  const set = useCallback((change: Partial<Draft>) => writeDraft(name, change), [name])
  const clear = useCallback(() => {
    writeDraft(name, EMPTY)
    keepDraft(name)
  }, [name])
  useEffect(() => {
    addEventListener('pagehide', keepAll)
    return () => {
      removeEventListener('pagehide', keepAll)
      keepDraft(name)
    }
  }, [name])
  return useMemo(() => ({ ...draft, set, clear }), [draft, set, clear])
}
