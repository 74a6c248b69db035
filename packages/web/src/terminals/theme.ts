import type { ITheme } from '@xterm/xterm'
import '../checks/ansi.css'

/** The terminal's colours, as the app's are now. */
export function terminalTheme(): ITheme {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string) => plainColor(style.getPropertyValue(name).trim())
  const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const
  const bright = ['brightBlack', 'brightRed', 'brightGreen', 'brightYellow'] as const
  const brighter = ['brightBlue', 'brightMagenta', 'brightCyan', 'brightWhite'] as const
  return {
    ...Object.fromEntries([...names, ...bright, ...brighter].map((name, i) => [name, color(`--ansi-${i}`)])),
    background: color('--surface'),
    foreground: color('--foreground'),
    cursor: color('--accent'),
    cursorAccent: color('--surface'),
    selectionBackground: color('--selection'),
    selectionInactiveBackground: color('--selected'),
  }
}

/** A colour as `#rrggbb`: xterm does not read `color-mix()` and its like. */
function plainColor(color: string): string {
  if (/^#[0-9a-f]{6}$/i.test(color)) return color
  const canvas = document.createElement('canvas')
  canvas.width = 1
  canvas.height = 1
  const paint = canvas.getContext('2d')
  if (!paint) return '#808080'
  // Only a computed colour has its variables resolved.
  const probe = document.createElement('span')
  probe.style.color = color
  probe.hidden = true
  document.body.append(probe)
  paint.fillStyle = getComputedStyle(probe).color
  probe.remove()
  paint.fillRect(0, 0, 1, 1)
  const [red = 0, green = 0, blue = 0] = paint.getImageData(0, 0, 1, 1).data
  return `#${[red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
