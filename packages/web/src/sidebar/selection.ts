import { create } from 'zustand'

interface Selection {
  ids: ReadonlySet<string>
  /** Where a range begins. */
  anchor: string | undefined
  toggle(id: string): void
  /** From the anchor to this one, in the order in which they are shown. */
  extend(id: string, shown: readonly string[]): void
  clear(): void
}

/** The workspaces that are picked for doing one thing with all of them. */
export const useSelection = create<Selection>()((set, get) => ({
  ids: new Set(),
  anchor: undefined,
  toggle: (id) => {
    const ids = new Set(get().ids)
    if (!ids.delete(id)) ids.add(id)
    set({ ids, anchor: id })
  },
  extend: (id, shown) => {
    const from = shown.indexOf(get().anchor ?? id)
    const to = shown.indexOf(id)
    if (from < 0 || to < 0) return get().toggle(id)
    set({ ids: new Set([...get().ids, ...shown.slice(Math.min(from, to), Math.max(from, to) + 1)]) })
  },
  clear: () => set({ ids: new Set(), anchor: undefined }),
}))
