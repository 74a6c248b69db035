import { create } from 'zustand'

interface Unfolded {
  keys: ReadonlySet<string>
  toggle(key: string): void
  open(key: string): void
}

/** Items that the person unfolded. Kept here, because rows come and go with scrolling. */
const useStore = create<Unfolded>()((set, get) => ({
  keys: new Set(),
  toggle: (key) => {
    const keys = new Set(get().keys)
    if (!keys.delete(key)) keys.add(key)
    set({ keys })
  },
  open: (key) => !get().keys.has(key) && set({ keys: new Set([...get().keys, key]) }),
}))

export function useUnfolded(key: string): [open: boolean, toggle: () => void] {
  return [useStore((state) => state.keys.has(key)), () => useStore.getState().toggle(key)]
}

export const unfold = (key: string): void => useStore.getState().open(key)
