import { useState } from 'react'
import type { OpenBox } from './notes.ts'

const key = (workspaceId: string) => `skein.boxes.${workspaceId}`

/** The comments that are being written in a workspace's diff; they stand there again after a reload. */
export function useBoxes(workspaceId: string) {
  const [boxes, setBoxes] = useState<readonly OpenBox[]>(() => stored(workspaceId))
  const set = (next: readonly OpenBox[]) => {
    setBoxes(next)
    try {
      if (next.length === 0) sessionStorage.removeItem(key(workspaceId))
      else sessionStorage.setItem(key(workspaceId), JSON.stringify(next))
    } catch {
      // A full or forbidden storage: they last as long as the page.
    }
  }
  return {
    boxes,
    open: (box: OpenBox) => set(boxes.some((each) => each.id === box.id) ? boxes : [...boxes, box]),
    close: (id: string) => set(boxes.filter((each) => each.id !== id)),
  }
}

function stored(workspaceId: string): OpenBox[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(key(workspaceId)) ?? '[]')
    return Array.isArray(value) ? value.filter(isBox) : []
  } catch {
    return []
  }
}

function isBox(value: unknown): value is OpenBox {
  if (typeof value !== 'object' || value === null) return false
  const box = value as Partial<Record<keyof OpenBox, unknown>>
  const texts = [box.id, box.path, box.quote, box.tree].every((each) => typeof each === 'string')
  const lines = [box.startLine, box.endLine].every((each) => typeof each === 'number')
  return texts && lines && (box.side === 'old' || box.side === 'new')
}
