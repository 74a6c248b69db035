import { page } from '../web/pages.ts'

/** For somebody without the link, or with one that is no more. */
export function closedSharePage(): string {
  return page('This link does not work', [
    'It has expired, it was ended, or a part of it is missing.',
    'Ask whoever sent it to you for another one.',
  ])
}

/** In the place of what is shared, while it does not answer; it asks again by itself. */
export function waitingSharePage(): string {
  return page(
    'One moment',
    ['What is shared here does not answer at the moment.', 'This page tries again by itself.'],
    3,
  )
}

export function busySharePage(): string {
  return page(
    'Too many at once',
    ['This link is used by too many at the moment.', 'This page tries again by itself.'],
    10,
  )
}
