import { useCallback, useState } from 'react'

/** Text that is being written, kept in the browser under a name until it is sent or given up. */
export function useDraft(name: string, initial = ''): [text: string, set: (text: string) => void, forget: () => void] {
  const key = `skein.draft.${name}`
  const [text, setText] = useState(() => stored(key) ?? initial)
  const set = useCallback(
    (next: string) => {
      setText(next)
      store(key, next)
    },
    [key],
  )
  const forget = useCallback(() => {
    setText('')
    store(key, '')
  }, [key])
  return [text, set, forget]
}

/** The draft of this name, where there is one. */
export function stored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

function store(key: string, text: string): void {
  try {
    if (text === '') localStorage.removeItem(key)
    else localStorage.setItem(key, text)
  } catch {
    // A full or forbidden storage: the text lasts as long as the page.
  }
}
