import type { ProcessSpec } from '@skein/protocol'
import { Journal, syncFile } from './journal.ts'

const STEP = 1024 * 1024

/**
 * Follows a living journal: what must be on the disk at once, and whether the process is at work. Both are told by patterns in
 * the output, each byte of which is looked at once. The pattern that occurs last decides about activity.
 */
export class JournalWatch {
  readonly #path: string
  readonly #journal: Journal
  readonly #syncOn: Buffer[]
  readonly #busy: Buffer[]
  readonly #idle: Buffer[]
  readonly #overlap: number
  readonly #onSyncError: (error: unknown) => void
  #scanned: number
  #synced = 0
  #syncing: Promise<void> | undefined
  #atWork: boolean | undefined

  constructor(path: string, patterns: Pick<ProcessSpec, 'syncOn' | 'activity'>, onSyncError: (error: unknown) => void) {
    this.#path = path
    this.#journal = new Journal(path)
    this.#syncOn = (patterns.syncOn ?? []).map((pattern) => Buffer.from(pattern))
    this.#busy = (patterns.activity?.busy ?? []).map((pattern) => Buffer.from(pattern))
    this.#idle = (patterns.activity?.idle ?? []).map((pattern) => Buffer.from(pattern))
    this.#onSyncError = onSyncError
    const longest = Math.max(1, ...this.#all.map((pattern) => pattern.length))
    this.#overlap = longest - 1
    this.#scanned = this.#journal.size
    if (this.#busy.length + this.#idle.length > 0) this.#atWork = this.#lookBack(this.#scanned) ?? false
  }

  /** undefined: the caller gave no way to tell. */
  get busy(): boolean | undefined {
    return this.#atWork
  }

  get size(): number {
    return this.#journal.size
  }

  /** Looks at what was written since. Returns whether there was anything. */
  advance(): boolean {
    const { size } = this.#journal
    if (size <= this.#scanned) return false
    if (this.#all.length === 0) {
      this.#scanned = size
      return true
    }
    let sync = false
    while (this.#scanned < size) {
      // The overlap finds a pattern that was half written when we looked last; it is too short to find one twice.
      const from = Math.max(0, this.#scanned - this.#overlap)
      const bytes = this.#journal.read(from, Math.min(STEP, size - from))
      if (bytes.length === 0) break
      this.#atWork = this.#decide(bytes) ?? this.#atWork
      sync ||= this.#syncOn.some((pattern) => bytes.includes(pattern))
      this.#scanned = from + bytes.length
    }
    if (sync) this.sync()
    return true
  }

  /** Brings what is new to the disk, soon; one call at a time, and once more if more came meanwhile. */
  sync(): void {
    const { size } = this.#journal
    if (this.#syncing || size === this.#synced) return
    this.#syncing = syncFile(this.#path)
      .then(() => {
        this.#synced = size
      })
      .catch(this.#onSyncError)
      .finally(() => {
        this.#syncing = undefined
      })
  }

  async close(): Promise<void> {
    await this.#syncing
    this.#journal.close()
  }

  get #all(): Buffer[] {
    return [...this.#syncOn, ...this.#busy, ...this.#idle]
  }

  #decide(bytes: Buffer): boolean | undefined {
    const busy = Math.max(-1, ...this.#busy.map((pattern) => bytes.lastIndexOf(pattern)))
    const idle = Math.max(-1, ...this.#idle.map((pattern) => bytes.lastIndexOf(pattern)))
    return busy === idle ? undefined : busy > idle
  }

  /** For a journal that an earlier runner followed: from its end backwards until something decides. */
  #lookBack(size: number): boolean | undefined {
    for (let end = size; end > 0; ) {
      const from = Math.max(0, end - STEP)
      const decided = this.#decide(this.#journal.read(from, Math.min(size, end + this.#overlap) - from))
      if (decided !== undefined) return decided
      end = from
    }
    return undefined
  }
}
