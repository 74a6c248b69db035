import type { Page } from 'playwright-core'

/** What a walk through a page by the keyboard came to. */
export interface Walk {
  /** Controls that can be seen and were not come to. */
  missed: string[]
  /** Controls that had the focus without showing it. */
  unmarked: string[]
  /** Where Tab did not lead on. */
  trapped: string[]
  steps: number
}

/** Controls, and what takes clicks though it is none. */
const IN_PAGE = `window.walk = (() => {
  const CONTROLS = 'button, a[href], input, select, textarea, summary, [role=button], [role=menuitem], [role=tab], [role=option], [role=treeitem], [role=switch], [role=checkbox], [role=radio], [onclick]'
  const reached = new Set()
  let last
  const all = (root) => [...root.querySelectorAll('*')].flatMap((element) => [element, ...(element.shadowRoot ? all(element.shadowRoot) : [])])
  const name = (element) => {
    const text = (element.getAttribute('aria-label') ?? element.textContent ?? '').replaceAll(/\\s+/g, ' ').trim().slice(0, 60)
    return element.localName + (element.role ? '[' + element.role + ']' : '') + ' ' + JSON.stringify(text)
  }
  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0
  const clicks = (element) => Object.keys(element).some((key) => key.startsWith('__reactProps') && element[key].onClick)
  const controls = () => all(document).filter((element) => {
    if (element.disabled || element.closest('[aria-hidden=true], [inert]') || !seen(element)) return false
    if (element.matches('li[data-sonner-toast] *')) return false
    if (element.matches(CONTROLS)) return true
    return clicks(element) && element.tabIndex < 0 && !element.closest(CONTROLS + ', label')
  })
  const active = () => {
    let element = document.activeElement
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
    return element
  }
  /** The others of its kind, which arrow keys lead to. */
  const group = (element) => {
    if (element.matches('input[type=radio]')) return [...document.querySelectorAll('input[type=radio]')].filter((one) => one.name === element.name)
    const list = element.closest('[role=tablist], [role=radiogroup], [role=tree], [role=toolbar], [role=listbox], .plan-document')
    return list ? [...list.querySelectorAll('[role=tab], [role=radio], [role=treeitem], [role=option], .plan-number, .plan-plus')].filter(seen) : []
  }
  const shown = async (element) => {
    const visible = () => { for (let one = element; one; one = one.parentElement) if (getComputedStyle(one).opacity === '0') return false; return true }
    for (let tries = 0; tries < 20 && !visible(); tries++) await new Promise(requestAnimationFrame)
    return visible()
  }
  const marked = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
    if ((outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none') return true
    // A field whose frame shows it.
    return /focus-within:/.test(element.closest('[class*="focus-within:"]')?.className ?? '') || element.closest('.comment-box, [cmdk-root]') !== null || element.role === 'separator'
  }
  return {
    begin: () => { reached.clear(); document.activeElement?.blur() },
    /** Notes what has the focus, and with it the group that it is in. */
    async note(byArrow) {
      // Lists move the focus a moment after the key.
      for (let tries = 0; byArrow && tries < 20 && active() === last; tries++) await new Promise(requestAnimationFrame)
      const element = active()
      last = element
      if (!element || element === document.body) return { at: 'nothing', first: false, marked: true, terminal: false }
      const again = reached.has(element)
      // Its cursor shows the focus.
      const terminal = element.matches('.xterm-helper-textarea')
      reached.add(element)
      return {
        at: name(element),
        again,
        marked: terminal || (marked(element) && (await shown(element))),
        terminal,
        others: group(element).filter((one) => !reached.has(one)).length,
        side: element.closest('[role=tablist], [role=toolbar]') !== null,
      }
    },
    missed: () => controls().filter((element) => !reached.has(element) && !(element.matches('.plan-plus') && [...reached].some((one) => one.matches('.plan-number')))).map(name),
  }
})()`

interface Note {
  at: string
  again?: boolean
  marked: boolean
  terminal: boolean
  others?: number
  side?: boolean
}

/** Goes through everything that Tab leads to, and with the arrow keys through what belongs together, until it comes round. */
export async function walk(page: Page, limit = 300): Promise<Walk> {
  await page.evaluate(IN_PAGE)
  const note = (byArrow = false) => page.evaluate(`walk.note(${byArrow})`) as Promise<Note>
  await page.evaluate('walk.begin()')
  const unmarked: string[] = []
  const trapped: string[] = []
  let round = 0
  let steps = 0
  let before = ''
  let known = 0
  for (; steps < limit && round < 2; steps++) {
    await page.keyboard.press('Tab')
    const now = await note()
    if (now.at === 'nothing') round += 1
    else if (now.again && now.at === before) {
      trapped.push(now.at)
      break
    }
    // Round again, or in a circle.
    known = now.again ? known + 1 : 0
    if (known > (round > 0 ? 0 : 5)) break
    before = now.at
    if (!now.marked) unmarked.push(now.at)
    if (now.terminal) {
      await page.keyboard.press('Shift+F6')
      await note()
    }
    for (let others = now.others ?? 0; others > 0; others--) {
      await page.keyboard.press(now.side ? 'ArrowRight' : 'ArrowDown')
      const next = await note(true)
      if (!next.marked) unmarked.push(next.at)
      if (next.others === 0) break
    }
  }
  if (steps === limit) trapped.push(`no end after ${limit} steps, at ${before}`)
  return { missed: (await page.evaluate('walk.missed()')) as string[], unmarked, trapped, steps }
}
