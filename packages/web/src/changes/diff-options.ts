import { registerCustomCSSVariableTheme } from '@pierre/diffs'

/** How a diff is shown; kept in the browser, for all workspaces. */
export interface DiffPreferences {
  style: 'unified' | 'split'
  wrap: boolean
  ignoreWhitespace: boolean
}

// Its colours are variables, which `diff-view.css` gives the app's own: so code follows whatever theme is on.
registerCustomCSSVariableTheme('skein', {})

/** What the viewer highlights with. */
export const DIFF_THEMES = { light: 'skein', dark: 'skein' } as const

/** Pixels, as the file header's own styles have them: the viewer lays files out before it has drawn them. */
export const FILE_HEADER_HEIGHT = 44

const KEY = 'skein.diff'
const DEFAULTS: DiffPreferences = { style: 'unified', wrap: false, ignoreWhitespace: false }

export function storedPreferences(): DiffPreferences {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null')
    if (typeof value !== 'object' || value === null) return DEFAULTS
    return {
      style: 'style' in value && value.style === 'split' ? 'split' : 'unified',
      wrap: 'wrap' in value && value.wrap === true,
      ignoreWhitespace: 'ignoreWhitespace' in value && value.ignoreWhitespace === true,
    }
  } catch {
    return DEFAULTS
  }
}

export function storePreferences(preferences: DiffPreferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences))
  } catch {
    // A full or forbidden storage: the choice lasts as long as the page.
  }
}
