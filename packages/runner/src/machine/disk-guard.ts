import { statfs } from 'node:fs/promises'

export interface DiskThresholds {
  /** Free bytes below which a person hears of it. */
  warnBytes: number
  /** Free bytes below which agents are interrupted. */
  stopBytes: number
  checkMs: number
}

export const DISK_THRESHOLDS: DiskThresholds = { warnBytes: 500e6, stopBytes: 100e6, checkMs: 10_000 }

export type DiskLevel = 'enough' | 'low' | 'full'

/** Watches the space where the journals grow, and tells each time its level changes. */
export class DiskGuard implements Disposable {
  readonly #timer: NodeJS.Timeout
  #level: DiskLevel = 'enough'

  constructor(dir: string, thresholds: DiskThresholds, onLevel: (level: DiskLevel, freeBytes: number) => void) {
    const check = async () => {
      const { bavail, bsize } = await statfs(dir)
      const free = bavail * bsize
      const level = free < thresholds.stopBytes ? 'full' : free < thresholds.warnBytes ? 'low' : 'enough'
      if (level === this.#level) return
      this.#level = level
      onLevel(level, free)
    }
    this.#timer = setInterval(() => void check().catch(() => {}), thresholds.checkMs)
    void check().catch(() => {})
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
