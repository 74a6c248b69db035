import type { Share } from '@skein/protocol'
import { SHARE_OPEN_PATH } from './link.ts'
import type { LiveShare } from './live-share.ts'
import type { StoredShare } from './store.ts'

/** What this process knows of a share beside what is stored. */
export interface ShareNow {
  live: LiveShare | undefined
  /** The link's token, while this process knows it. */
  token: string | undefined
  because: string
  /** Aborted when the share goes away, or is opened anew. */
  readonly over: AbortController
}

const CLOSED = 'the server was started again since it was opened'

/** A share as people are told of it; nothing is known now of one that an earlier process had open. */
export function viewShare(share: StoredShare, now: ShareNow | undefined): Share {
  const { id, workspaceId, port, via, note, createdAt, expiresAt, seen, seenAt, addresses } = share
  const url = now?.live && now.token !== undefined ? `${now.live.origin}${SHARE_OPEN_PATH}${now.token}` : undefined
  return {
    id,
    workspaceId,
    port,
    via,
    ...(note === undefined ? {} : { note }),
    createdAt,
    expiresAt,
    state: now?.live ? 'open' : 'closed',
    because: now?.because ?? CLOSED,
    ...(url === undefined ? {} : { url }),
    seen,
    addresses: addresses.length,
    ...(seenAt === undefined ? {} : { seenAt }),
  }
}
