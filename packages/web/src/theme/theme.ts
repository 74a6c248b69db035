import { create } from 'zustand'

export type ThemeMode = 'light' | 'dark' | 'system'

/** A Base16 scheme that the app's colours are taken from; `#rrggbb` each, keys `base00` to `base0F`. */
export interface ThemeScheme {
  name: string
  variant: 'light' | 'dark'
  palette: Readonly<Record<string, string>>
}

interface ThemeChoice {
  mode: ThemeMode
  /** Stands before `mode` while there is one. */
  scheme?: ThemeScheme
  /** Size of all text, per cent. */
  scale: number
}

interface ThemeStore extends ThemeChoice {
  /** What is on the screen. */
  resolved: 'light' | 'dark'
  setMode(mode: ThemeMode): void
  setScheme(scheme: ThemeScheme | undefined): void
  /** Shows a scheme without keeping it; undefined goes back to what is kept. */
  preview(scheme: ThemeScheme | undefined): void
  setScale(scale: number): void
}

/** `public/theme.js` reads the same entry before the first paint. */
const KEY = 'skein.theme'
const systemDark = () => matchMedia('(prefers-color-scheme: dark)')

/** The theme of this browser: chosen, kept, and applied to the document. */
export const useTheme = create<ThemeStore>()((set, get) => {
  const keep = (change: Partial<ThemeChoice> | { scheme: undefined; mode?: ThemeMode }) => {
    const { mode, scheme, scale } = { ...get(), ...change }
    const choice: ThemeChoice = { mode, scale, ...(scheme ? { scheme } : {}) }
    try {
      localStorage.setItem(KEY, JSON.stringify(choice))
    } catch {
      // Forbidden or full: the choice lasts as long as the page.
    }
    set({ ...change, resolved: apply(choice) } as Partial<ThemeStore>)
  }
  const again = () => set({ ...readChoice(), resolved: apply(readChoice()) })
  systemDark().addEventListener('change', again)
  addEventListener('storage', (event) => event.key === KEY && again())
  const choice = readChoice()
  return {
    ...choice,
    resolved: apply(choice),
    setMode: (mode) => keep({ mode, scheme: undefined }),
    setScheme: (scheme) => keep(scheme ? { scheme } : { scheme: undefined }),
    preview: (scheme) => {
      const { mode, scale, scheme: kept } = get()
      const shown = scheme ?? kept
      set({ resolved: apply({ mode, scale, ...(shown ? { scheme: shown } : {}) }) })
    },
    setScale: (scale) => keep({ scale: Math.min(150, Math.max(75, scale)) }),
  }
})

function readChoice(): ThemeChoice {
  let value: unknown
  try {
    value = JSON.parse(localStorage.getItem(KEY) ?? '{}')
  } catch {
    value = {}
  }
  const kept = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof ThemeChoice, unknown>>
  const mode = kept.mode === 'light' || kept.mode === 'dark' ? kept.mode : 'system'
  const scale = typeof kept.scale === 'number' && kept.scale >= 75 && kept.scale <= 150 ? kept.scale : 100
  return { mode, scale, ...(isScheme(kept.scheme) ? { scheme: kept.scheme } : {}) }
}

function isScheme(value: unknown): value is ThemeScheme {
  if (typeof value !== 'object' || value === null || !('palette' in value)) return false
  const { palette } = value
  return (
    typeof palette === 'object' &&
    palette !== null &&
    Object.entries(palette).every(
      ([key, color]) => /^base0[0-9A-F]$/.test(key) && /^#[0-9a-f]{6}$/i.test(String(color)),
    )
  )
}

function apply({ mode, scheme, scale }: ThemeChoice): 'light' | 'dark' {
  const root = document.documentElement
  const resolved = scheme?.variant ?? (mode === 'system' ? (systemDark().matches ? 'dark' : 'light') : mode)
  root.dataset.theme = resolved
  root.style.fontSize = scale === 100 ? '' : `${scale}%`
  for (const name of [...root.style]) if (name.startsWith('--base0')) root.style.removeProperty(name)
  if (scheme) {
    root.dataset.scheme = scheme.name
    for (const [name, color] of Object.entries(scheme.palette)) root.style.setProperty(`--${name}`, color)
  } else {
    delete root.dataset.scheme
  }
  const background = getComputedStyle(root).getPropertyValue('--background').trim()
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', background)
  return resolved
}
