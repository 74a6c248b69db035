import * as z from 'zod'
import { create } from 'zustand'

/** What a person prefers in this browser. Nothing of it is the server's business. */
const Notices = z.object({
  toasts: z.boolean(),
  browser: z.boolean(),
  sound: z.boolean(),
  turn: z.boolean(),
  ask: z.boolean(),
  check: z.boolean(),
  workspace: z.boolean(),
})
const TerminalLook = z.object({
  /** Pixels. */
  fontSize: z.number().int().min(8).max(32),
  copyOnSelect: z.boolean(),
  screenReader: z.boolean(),
  /** Lines above the screen. */
  scrollback: z.number().int().min(100).max(100_000),
})
const Editor = z.enum(['vscode', 'cursor', 'zed'])

export interface Preferences {
  notices: z.infer<typeof Notices>
  terminal: z.infer<typeof TerminalLook>
  editor: z.infer<typeof Editor>
}

export const DEFAULT_PREFERENCES: Preferences = {
  notices: { toasts: true, browser: false, sound: false, turn: true, ask: true, check: true, workspace: true },
  terminal: { fontSize: 13, copyOnSelect: false, screenReader: false, scrollback: 10_000 },
  editor: 'vscode',
}

const KEY = 'skein.preferences'

/** What is stored, with the defaults for what is missing or wrong. */
export function readPreferences(text: string | null): Preferences {
  let value: unknown
  try {
    value = JSON.parse(text ?? '{}')
  } catch {
    value = {}
  }
  const stored = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const { notices, terminal, editor } = DEFAULT_PREFERENCES
  const editorRead = Editor.safeParse(stored.editor)
  return {
    notices: wholePart(Notices, notices, stored.notices),
    terminal: wholePart(TerminalLook, terminal, stored.terminal),
    editor: editorRead.success ? editorRead.data : editor,
  }
}

/** The stored part over the defaults; the defaults where that makes no sense. */
function wholePart<T extends object>(schema: z.ZodType<T>, defaults: T, stored: unknown): T {
  const read = schema.safeParse({ ...defaults, ...(typeof stored === 'object' ? stored : {}) })
  return read.success ? read.data : defaults
}

interface PreferencesStore extends Preferences {
  setNotices(change: Partial<Preferences['notices']>): void
  setTerminal(change: Partial<Preferences['terminal']>): void
  setEditor(editor: Preferences['editor']): void
}

/** The preferences; a change in one tab reaches the others. */
export const usePreferences = create<PreferencesStore>()((set, get) => {
  const change = (change: Partial<Preferences>) => {
    set(change)
    const { notices, terminal, editor } = get()
    try {
      localStorage.setItem(KEY, JSON.stringify({ notices, terminal, editor }))
    } catch {
      // Forbidden or full: the choice lasts as long as the page.
    }
  }
  addEventListener('storage', (event) => {
    if (event.key === KEY) set(readPreferences(event.newValue))
  })
  return {
    ...readPreferences(stored()),
    setNotices: (notices) => change({ notices: { ...get().notices, ...notices } }),
    setTerminal: (terminal) => change({ terminal: { ...get().terminal, ...terminal } }),
    setEditor: (editor) => change({ editor }),
  }
})

function stored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
