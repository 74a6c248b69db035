const isMac = () => typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)

const NAMES: Record<string, string> = {
  shift: '⇧',
  enter: '↵',
  escape: 'Esc',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  backspace: '⌫',
  space: 'Space',
  tab: 'Tab',
  home: 'Home',
  end: 'End',
}

/** What stands on each key of a shortcut, for this computer: `mod+k` is `⌘ K` on a Mac, `Ctrl K` elsewhere. */
export function keyNames(keys: string, mac = isMac()): string[] {
  return keys.split(/[ +](?!$)/).map((part) => {
    if (part === 'mod') return mac ? '⌘' : 'Ctrl'
    if (part === 'alt') return mac ? '⌥' : 'Alt'
    if (part === 'ctrl') return mac ? '⌃' : 'Ctrl'
    return NAMES[part] ?? (part.length === 1 || /^f\d+$/.test(part) ? part.toUpperCase() : part)
  })
}
