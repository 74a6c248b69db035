import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { appOf, bodyOf, type Call, type Handler, ok } from '../http/call.ts'
import { refused } from '../http/refusal.ts'
import { random } from '../ids.ts'
import { Volume } from '../state/volume.ts'
import { date } from '../state/world.ts'

interface CreateRequest {
  name?: string
  region?: string
  size_gb?: number
  snapshot_id?: string
  source_volume_id?: string
  encrypted?: boolean
  fstype?: string
  snapshot_retention?: number
  auto_backup_enabled?: boolean
}

export const volumes: Record<string, Handler> = {
  Volumes_list(call) {
    const { clock, behaviour } = call.world
    const shown = [...appOf(call).volumes.values()].filter(
      ({ destroyedAt }) => clock.now() < destroyedAt + behaviour.volumeKeptMs,
    )
    return ok(shown.map((volume) => volume.view()))
  },

  async Volumes_create(call) {
    const { world } = call
    const app = appOf(call)
    const body = bodyOf<CreateRequest>(call)
    const source = body.source_volume_id === undefined ? undefined : volumeById(call, body.source_volume_id)
    const snapshot = body.snapshot_id === undefined ? undefined : snapshotById(call, body.snapshot_id)
    const volume = new Volume(world, app, {
      name: body.name ?? source?.asked.name ?? 'data',
      region: body.region ?? source?.asked.region ?? 'iad',
      sizeGb: body.size_gb ?? source?.sizeGb ?? 3,
      encrypted: body.encrypted ?? true,
      fstype: body.fstype ?? 'ext4',
      snapshotRetention: body.snapshot_retention ?? 5,
      autoBackup: body.auto_backup_enabled ?? true,
    })
    await volume.make(source?.folder ?? snapshot?.folder)
    app.volumes.set(volume.id, volume)
    if (source) pass(call, volume, ['enabling_remote_export', 'hydrating', 'created'])
    else if (snapshot) pass(call, volume, ['restoring', 'created'])
    return ok(volume.view())
  },

  Volumes_get_by_id: (call) => ok(volumeOf(call).view()),

  Volumes_update(call) {
    const volume = volumeOf(call)
    const body = bodyOf<{ auto_backup_enabled?: boolean; snapshot_retention?: number }>(call)
    volume.asked.autoBackup = body.auto_backup_enabled ?? volume.asked.autoBackup
    volume.asked.snapshotRetention = body.snapshot_retention ?? volume.asked.snapshotRetention
    return ok(volume.view())
  },

  /** Soft: it is kept for a while, and nobody can mount it. */
  Volume_delete(call) {
    const volume = volumeOf(call)
    const { clock } = call.world
    if (volume.isDestroyed()) return ok(volume.view())
    if (volume.isClaimed(clock.now()) || call.fault?.kind === 'volume-claimed')
      throw refused('failed_precondition', `volume ${volume.id} is currently bound to a machine`)
    volume.destroyedAt = clock.now()
    pass(call, volume, ['scheduling_destroy', 'pending_destroy'])
    return ok(volume.view())
  },

  Volumes_extend(call) {
    const volume = volumeOf(call)
    const { size_gb: size = 0 } = bodyOf<{ size_gb?: number }>(call)
    if (size <= volume.sizeGb)
      throw refused('invalid_argument', `volume size can only be increased from ${volume.sizeGb} GB`)
    volume.sizeGb = size
    volume.touch()
    const machine = volume.app.machines.get(volume.attachedTo ?? '')
    return ok({ volume: volume.view(), needs_restart: machine?.box !== undefined })
  },

  Volumes_list_snapshots: (call) =>
    ok(
      volumeOf(call).snapshots.map(({ id, createdAt }) => ({
        id,
        created_at: date(createdAt),
        digest: '',
        size: 0,
        status: 'created',
        retention_days: volumeOf(call).asked.snapshotRetention,
      })),
    ),

  async createVolumeSnapshot(call) {
    const volume = volumeOf(call)
    const id = `vs_${random(16).toLowerCase()}`
    const folder = join(call.world.folder, 'snapshots', id)
    await mkdir(folder, { recursive: true })
    await cp(volume.folder, folder, { recursive: true, verbatimSymlinks: true })
    volume.snapshots.push({ id, folder, createdAt: call.world.clock.now() })
    return ok()
  },
}

function volumeOf(call: Call): Volume {
  return volumeById(call, call.params.volume_id ?? '')
}

function volumeById(call: Call, id: string): Volume {
  const volume = appOf(call).volumes.get(id)
  const { clock, behaviour } = call.world
  if (volume === undefined || clock.now() >= volume.destroyedAt + behaviour.volumeKeptMs)
    throw refused('not_found', 'volume not found')
  return volume
}

function snapshotById(call: Call, id: string): { folder: string } {
  const found = [...appOf(call).volumes.values()].flatMap(({ snapshots }) => snapshots).find((one) => one.id === id)
  if (found === undefined) throw refused('not_found', `snapshot ${id} not found`)
  return found
}

/** The first state at once, the others as time passes. It is whole from the start: what is hydrating can be mounted. */
function pass({ world }: Call, volume: Volume, states: readonly Volume['state'][]): void {
  const [first = 'created', ...rest] = states
  volume.become(first)
  const later = async () => {
    for (const state of rest) {
      await world.clock.sleep(world.behaviour.hydrateMs, world.closing)
      volume.become(state)
    }
  }
  later().catch(() => undefined)
}
