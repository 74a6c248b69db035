import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FlyClock } from '../clock.ts'
import { random, volumeId } from '../ids.ts'
import type { Machine } from './machine.ts'
import { type App, date, type World } from './world.ts'

export type VolumeState =
  | 'creating'
  | 'created'
  | 'restoring'
  | 'enabling_remote_export'
  | 'hydrating'
  | 'extending'
  | 'scheduling_destroy'
  | 'pending_destroy'
  | 'destroyed'

export interface Snapshot {
  readonly id: string
  readonly folder: string
  readonly createdAt: number
}

export interface VolumeRequest {
  name: string
  region: string
  sizeGb: number
  encrypted: boolean
  fstype: string
  snapshotRetention: number
  autoBackup: boolean
}

/** One volume: a folder of this computer, pinned to a host of its region. */
export class Volume {
  readonly id = volumeId()
  readonly app: App
  readonly asked: VolumeRequest
  readonly folder: string
  readonly createdAt: number
  readonly zone = random(4).toLowerCase()
  readonly snapshots: Snapshot[] = []
  readonly #clock: FlyClock
  state: VolumeState = 'created'
  sizeGb: number
  attachedTo: string | undefined
  /** Until then it still counts as its last machine's. */
  claimedUntil = Number.NEGATIVE_INFINITY
  destroyedAt = Number.POSITIVE_INFINITY
  updatedAt: number

  constructor(world: World, app: App, asked: VolumeRequest) {
    this.app = app
    this.asked = asked
    this.sizeGb = asked.sizeGb
    this.#clock = world.clock
    this.createdAt = world.clock.now()
    this.updatedAt = this.createdAt
    this.folder = join(world.folder, 'volumes', this.id)
  }

  /** Empty, or with what another folder holds. */
  async make(from?: string): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    if (from !== undefined) await cp(from, this.folder, { recursive: true, verbatimSymlinks: true })
  }

  isDestroyed(): boolean {
    return this.destroyedAt !== Number.POSITIVE_INFINITY
  }

  isClaimed(now: number): boolean {
    return this.attachedTo !== undefined || now < this.claimedUntil
  }

  /** Lists by the time of the last change show it again. */
  touch(): void {
    this.updatedAt = this.#clock.now()
  }

  become(state: VolumeState): void {
    this.state = state
    this.touch()
  }

  attach(machine: Machine): void {
    this.touch()
    this.attachedTo = machine.id
  }

  release(until: number): void {
    this.touch()
    this.attachedTo = undefined
    this.claimedUntil = until
  }

  view(): Record<string, unknown> {
    const blocks = this.sizeGb * 262_144
    return {
      id: this.id,
      name: this.asked.name,
      state: this.state,
      region: this.asked.region,
      zone: this.zone,
      size_gb: this.sizeGb,
      encrypted: this.asked.encrypted,
      fstype: this.asked.fstype,
      attached_machine_id: this.attachedTo ?? '',
      attached_alloc_id: '',
      created_at: date(this.createdAt),
      blocks,
      block_size: 4096,
      blocks_free: blocks,
      blocks_avail: blocks,
      bytes_used: 0,
      bytes_total: blocks * 4096,
      snapshot_retention: this.asked.snapshotRetention,
      auto_backup_enabled: this.asked.autoBackup,
      host_status: 'ok',
      type: 'local',
    }
  }
}
