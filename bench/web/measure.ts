import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Place } from './world.ts'

/** To be run in each page before anything of its own. */
export const IN_PAGE = join(import.meta.dirname, 'in-page.js')

export type Sight = 'transcript' | 'diff' | 'plain'

export interface Frames {
  /** Milliseconds from one frame to the next. */
  readonly times: readonly number[]
  /** How far it came, pixels. */
  readonly moved: number
}

function ask<T>(page: Page, question: string, ...args: readonly unknown[]): Promise<T> {
  return page.evaluate(`bench.${question}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)
}

/** From the page's navigation until the first lines are on the screen, milliseconds. */
export function firstPaint(page: Page, sight: Sight): Promise<number> {
  return ask(page, 'sighted', sight)
}

/** From the page's navigation until its next frame is on the screen, milliseconds. */
export function nextPaint(page: Page): Promise<number> {
  return ask(page, 'painted')
}

/** From the click on something until the first lines are on the screen, milliseconds. */
export function paintAfterClick(page: Page, selector: string, sight: Sight): Promise<number> {
  return ask(page, 'afterClick', selector, sight)
}

/** Scrolls by so many pixels a frame for some time. */
export function scroll(page: Page, sight: Sight, by: number, forMs: number): Promise<Frames> {
  return ask(page, 'scroll', sight, by, forMs)
}

/** How late lines of agents come to a page that follows their sessions: milliseconds from just before each was written. */
export function lineDelays(page: Page, sessions: readonly Place[], forMs: number): Promise<number[]> {
  const ids = sessions.map(({ sessionId }) => sessionId)
  return ask(page, 'lineDelays', ids, forMs)
}

/** Milliseconds from each of some keys, pressed as fast as a quick typist does, until its letter is on the screen. */
export async function keyDelays(page: Page, selector: string, many: number): Promise<number[]> {
  await page.locator(selector).first().click()
  await page.evaluate('bench.keys.length = 0')
  const text = 'the-quick-brown-fox-jumps-over-the-lazy-dog-'
  for (let n = 0; n < many; n++) {
    await page.keyboard.press(text.charAt(n % text.length))
    await page.waitForTimeout(60)
  }
  return page.evaluate('[...bench.keys]')
}
