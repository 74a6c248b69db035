import type { Share } from '@skein/protocol'

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' })

/** Who may see a share, until when, and who did: the sentence that stands beside its link. */
export function shareAudience({ state, expiresAt, seen, addresses }: Share, now: number): string {
  const until = untilWhen(expiresAt, now)
  const who =
    state === 'open'
      ? `Anybody with this link, until ${until}.`
      : `Nobody, until it is opened again. It ends at ${until}.`
  if (seen === 0) return `${who} Nobody has seen it yet.`
  const times = seen === 1 ? 'once' : `${seen} times`
  const by = addresses === 0 ? '' : ` by ${addresses} ${addresses === 1 ? 'address' : 'addresses'}`
  return `${who} Seen ${times}${by}.`
}

/** `14:05`, and the day where it is not today. */
function untilWhen(at: number, now: number): string {
  const when = new Date(at)
  return when.toDateString() === new Date(now).toDateString()
    ? time.format(when)
    : `${day.format(when)}, ${time.format(when)}`
}
