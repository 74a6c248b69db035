import * as z from 'zod'
import { PrivateFile } from '../private-file.ts'

const StoredShare = z.object({
  id: z.string(),
  /** The command's that made it: repeated, it makes no other. */
  key: z.string(),
  workspaceId: z.string(),
  port: z.number().int(),
  path: z.string(),
  via: z.string(),
  hostname: z.string().optional(),
  note: z.string().optional(),
  createdAt: z.number(),
  expiresAt: z.number(),
  /** Hashes; the newest first. */
  links: z.array(z.object({ token: z.string(), cookie: z.string() })),
  seen: z.number().int(),
  seenAt: z.number().optional(),
  addresses: z.array(z.string()),
  /** The newest first. */
  visits: z.array(z.object({ at: z.number(), address: z.string().optional(), path: z.string() })),
})
export type StoredShare = z.infer<typeof StoredShare>

const Stored = z.object({
  shares: z.array(StoredShare),
  /** Settings of each kind of tunnel. */
  ways: z.record(z.string(), z.record(z.string(), z.unknown())),
})

const SAVE_MS = 1000

/** The shares that were made, kept over restarts; and the settings of tunnels. Who came is written down a second late. */
export class ShareStore {
  readonly #file: PrivateFile<z.infer<typeof Stored>>
  readonly #shares: Map<string, StoredShare>
  readonly #ways: Record<string, Record<string, unknown>>
  #late: NodeJS.Timeout | undefined

  constructor(path: string) {
    this.#file = new PrivateFile(path, Stored)
    const stored = this.#file.read()
    this.#shares = new Map(stored?.shares.map((share) => [share.id, share]))
    this.#ways = stored?.ways ?? {}
  }

  all(): StoredShare[] {
    return [...this.#shares.values()]
  }

  get(id: string): StoredShare | undefined {
    return this.#shares.get(id)
  }

  put(share: StoredShare): void {
    this.#shares.set(share.id, share)
    this.save()
  }

  remove(id: string): void {
    if (this.#shares.delete(id)) this.save()
  }

  settings(kind: string): Record<string, unknown> {
    return this.#ways[kind] ?? {}
  }

  configure(kind: string, settings: Record<string, unknown>): void {
    this.#ways[kind] = settings
    this.save()
  }

  saveSoon(): void {
    this.#late ??= setTimeout(() => this.flush(), SAVE_MS).unref()
  }

  /** Writes down what waits for it. */
  flush(): void {
    if (this.#late === undefined) return
    try {
      this.save()
    } catch {
      // Who came may be forgotten; a full disk must not stop the server.
    }
  }

  save(): void {
    clearTimeout(this.#late)
    this.#late = undefined
    this.#file.write({ shares: this.all(), ways: this.#ways })
  }
}
