/**
 * One tab tells a notice, whichever tabs are open: each claims it under a lock, and the first claim counts. Tabs that show
 * what the notice is about claim at once and say nothing; hidden tabs let visible ones go first.
 */
export interface NoticeClaims {
  /** Whether this tab is the one to tell it. */
  claim(id: string): Promise<boolean>
}

const KEY = 'skein.notices.told'
/** Ids kept: many more than can be new at one time. */
const KEPT = 300
/** How long a claim is held by its lock, milliseconds: what one tab stores, another one may read only a little later. */
const HELD = 30_000

/** Claims in the browser's storage, and for as long as that may be late by a Web Lock, where there is one (it needs a secure origin). */
export function browserClaims(
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  locks: Pick<LockManager, 'request'> | undefined,
): NoticeClaims {
  const take = (id: string): boolean => {
    try {
      const told = readTold(storage.getItem(KEY))
      if (told.includes(id)) return false
      storage.setItem(KEY, JSON.stringify([...told, id].slice(-KEPT)))
    } catch {
      // Storage that is full or forbidden: better twice than never.
    }
    return true
  }
  if (!locks) return { claim: async (id) => take(id) }
  return {
    claim: (id) =>
      new Promise((resolve, reject) => {
        const held = async (lock: Lock | null) => {
          const mine = lock !== null && (await locks.request(KEY, () => take(id)))
          resolve(mine)
          if (mine) await new Promise((ended) => setTimeout(ended, HELD))
        }
        locks.request(`${KEY} ${id}`, { ifAvailable: true }, held).catch(reject)
      }),
  }
}

function readTold(text: string | null): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}
