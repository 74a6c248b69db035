import type { Skein } from '../skein.ts'
import { embed } from './embed.ts'
import { lastingHome } from './home.ts'

interface Shared {
  opening: Promise<Skein>
  users: number
  /** The end of it, once nobody uses it any more. */
  closing?: Promise<void>
}

const shared = new Map<string, Shared>()
const TEMPORARY = ''

/** What `use` gives: a Skein, and how to say that it is not needed any more. */
export interface Used extends AsyncDisposable {
  readonly skein: Skein
}

/** One embedded Skein for all of this process that want the same home; it ends with the last of them. */
export async function shareEmbedded(home: string | undefined, signal?: AbortSignal): Promise<Used> {
  const name = home === undefined ? TEMPORARY : lastingHome(home)
  await shared.get(name)?.closing?.catch(() => undefined)
  const entry = shared.get(name) ?? open(name, signal)
  entry.users++
  try {
    const skein = await entry.opening
    let used = true
    return {
      skein,
      async [Symbol.asyncDispose]() {
        if (used) await leave(name, entry)
        used = false
      },
    }
  } catch (error) {
    entry.users--
    if (shared.get(name) === entry) shared.delete(name)
    throw error
  }
}

function open(name: string, signal: AbortSignal | undefined): Shared {
  const opening = embed({ ...(name === TEMPORARY ? {} : { home: name }), ...(signal ? { signal } : {}) })
  const entry: Shared = { opening, users: 0 }
  shared.set(name, entry)
  return entry
}

async function leave(name: string, entry: Shared): Promise<void> {
  if (--entry.users > 0) return
  entry.closing = entry.opening
    .then((skein) => skein[Symbol.asyncDispose]())
    .finally(() => {
      if (shared.get(name) === entry) shared.delete(name)
    })
  await entry.closing
}
