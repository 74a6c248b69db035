// Runs before the first paint, so that the page never flashes in another theme. `src/theme/theme.ts` writes what it reads.
;(() => {
  const root = document.documentElement
  let choice = {}
  try {
    choice = JSON.parse(localStorage.getItem('skein.theme') ?? '{}') ?? {}
  } catch {
    choice = {}
  }
  const { mode, scheme, scale } = choice
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  root.dataset.theme = scheme?.variant ?? (mode === 'light' || mode === 'dark' ? mode : system)
  if (typeof scale === 'number' && scale >= 75 && scale <= 150 && scale !== 100) root.style.fontSize = `${scale}%`
  if (scheme?.palette) {
    root.dataset.scheme = String(scheme.name)
    for (const [name, color] of Object.entries(scheme.palette)) {
      if (/^base0[0-9A-F]$/.test(name)) root.style.setProperty(`--${name}`, String(color))
    }
  }
})()

// The page's policy forbids what zod would try to see whether it may compile its schemas, and the browser would report each try.
// The first module to run builds schemas, so this is said before any.
globalThis.__zod_globalConfig = { jitless: true }
