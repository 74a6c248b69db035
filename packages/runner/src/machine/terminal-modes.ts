/** Sequences that switch something on until they are taken back: private modes, keypad mode, the keyboard protocol's flags. */
const ESCAPE = '\x1b'
const SEQUENCES = new RegExp(`${ESCAPE}(?:\\[\\?([\\d;]+)([hl])|([=>])|\\[>(\\d+)u|\\[<\\d*u|c)`, 'g')

/** Longer than any sequence that counts. */
const LONGEST = 64

/**
 * What a terminal's output has switched on so far: alternate screen, bracketed paste, mouse, cursor keys. Output that is shown
 * from the middle needs it first.
 */
export class TerminalModes {
  readonly #on = new Map<string, string>()
  #rest = ''

  push(text: string): void {
    const all = this.#rest + text
    let end = 0
    for (const found of all.matchAll(SEQUENCES)) {
      this.#apply(found)
      end = found.index + found[0].length
    }
    // A sequence may be cut in two.
    this.#rest = all.slice(Math.max(end, all.length - LONGEST))
  }

  /** What brings another terminal into this state. */
  get prelude(): string {
    return [...this.#on.values()].join('')
  }

  #apply([sequence, modes, onOff, keypad, flags]: RegExpExecArray): void {
    if (modes !== undefined) {
      for (const mode of modes.split(';')) {
        // In the order in which they were switched.
        this.#on.delete(`?${mode}`)
        // The cursor is visible, and lines wrap, unless switched off.
        const usual = mode === '25' || mode === '7' ? 'h' : 'l'
        if (onOff !== usual) this.#on.set(`?${mode}`, `\x1b[?${mode}${onOff}`)
      }
    } else if (keypad !== undefined) {
      if (keypad === '=') this.#on.set('keypad', sequence)
      else this.#on.delete('keypad')
    } else if (flags !== undefined) this.#on.set('keyboard', sequence)
    else if (sequence === '\x1bc') this.#on.clear()
    else this.#on.delete('keyboard')
  }
}
