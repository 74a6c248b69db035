import type { Share, ShareVisit, ShareWay } from '@skein/protocol'
import { cleanLine } from './clean.ts'
import { clock, count } from './figures.ts'
import { type Row, row, span } from './row.ts'

/** One link: what it shows, its address, and who may see it. */
export function shareRows(share: Share, workspace: string): Row[] {
  const { id, port, note, state, because, url } = share
  const mark = state === 'open' ? span('● ', 'accent') : span('– ', 'dim')
  return [
    row(
      mark,
      span(cleanLine(workspace), 'strong'),
      ` port ${port}`,
      ...(note === undefined ? [] : [` · ${cleanLine(note)}`]),
      span(`  ${id.slice(0, 8)}`, 'dim'),
    ),
    ...(url === undefined ? [] : [row('  ', span(url, 'code'))]),
    row('  ', audience(share)),
    ...(state === 'open' ? [] : [row(span(`  ${cleanLine(because)}`, 'dim'))]),
  ]
}

/** Who may see it, and who did. */
function audience({ state, url, expiresAt, seen, addresses, via }: Share): string {
  const until = clock(expiresAt)
  const who =
    state === 'open'
      ? `Anybody with ${url === undefined ? 'the' : 'this'} link, until ${until}, via ${cleanLine(via)}`
      : `Nobody, until it is opened again: it would be over at ${until}`
  const by = addresses === 0 ? '' : ` by ${count(addresses, 'address').replace(/addresss$/, 'addresses')}`
  return `${who}. ${seen === 0 ? 'Nobody has seen it yet.' : `Seen ${seen === 1 ? 'once' : `${seen} times`}${by}.`}`
}

export function visitRow({ at, address, path }: ShareVisit): Row {
  return row(span(`${clock(at)}  `, 'dim'), cleanLine(path), span(`  ${address ?? 'unknown address'}`, 'dim'))
}

export function wayRows({ kind, label, about, ready, what, remedy, settings, values }: ShareWay): Row[] {
  return [
    row(ready ? span('✓ ', 'good') : span('– ', 'dim'), span(kind, 'strong'), `  ${cleanLine(label)}`),
    row(`  ${cleanLine(about)}`),
    row(span(`  ${cleanLine(what)}`, 'dim')),
    ...(remedy === undefined || ready ? [] : [row(`  ${cleanLine(remedy)}`)]),
    ...settings.map(({ name, about: meaning }) =>
      row(
        '  ',
        span(`${name}=${cleanLine(String(values[name] ?? ''))}`, 'code'),
        span(`  ${cleanLine(meaning)}`, 'dim'),
      ),
    ),
  ]
}
