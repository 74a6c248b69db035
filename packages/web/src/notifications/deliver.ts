import type { NoticeClaims } from './claim.ts'
import type { Notice } from './notices.ts'

export interface Delivery {
  /** Whether a person looks at this tab now. */
  watching(): boolean
  /** Whether what the notice is about is on this tab's screen. */
  shows(notice: Notice): boolean
  claims: NoticeClaims
  toast(notice: Notice): void
  /** The browser's own notification, where the person allowed it. */
  browser(notice: Notice): void
  sound(notice: Notice): void
  wait(ms: number): Promise<void>
}

/** How long a tab that nobody looks at lets the others go first, milliseconds. */
const PATIENCE = 500

/** Tells a notice in the one tab that should, in the way that fits: nothing at all for what is on screen. */
export async function deliver(notice: Notice, delivery: Delivery): Promise<void> {
  const onScreen = delivery.watching() && delivery.shows(notice)
  if (!onScreen) await delivery.wait(delivery.watching() ? 50 : PATIENCE)
  if (!(await delivery.claims.claim(notice.id)) || onScreen) return
  delivery.sound(notice)
  delivery.toast(notice)
  if (!delivery.watching()) delivery.browser(notice)
}
