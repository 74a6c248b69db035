import type { Machine } from '../state/machine.ts'
import type { Wish } from './choose.ts'

/** More is not kept, and so cannot be sent again. */
export const LARGEST_REPLAY = 1024 * 1024

/** A `fly-replay` header as a wish, and what goes along. */
export function parseReplay(header: string, from: Machine): { wish: Wish; source: string } {
  const fields = Object.fromEntries(
    header.split(';').map((part) => {
      const [name = '', ...value] = part.split('=')
      return [name.trim(), value.join('=').trim()]
    }),
  )
  const state = fields.state === undefined ? '' : `;state=${fields.state}`
  return {
    wish: {
      app: fields.app ?? from.app.name,
      force: fields.instance,
      prefer: fields.prefer_instance,
      region: fields.region,
      elsewhere: fields.elsewhere === 'true' ? from.id : undefined,
    },
    source: `instance=${from.id};region=${from.region};t=${Date.now() * 1000}${state}`,
  }
}
