import type { FlyClient } from './client.ts'
import { FlyError } from './failure.ts'
import { FlyVolumeInfo } from './shapes.ts'

interface Place {
  app: string
  signal?: AbortSignal | undefined
}

/** Fly keeps what was deleted for a day; it can be mounted no more. */
const DELETED = new Set(['scheduling_destroy', 'pending_destroy', 'destroying', 'destroyed'])

/** Volumes of an app that exist. An app that is not there has none. */
export async function listVolumes(client: FlyClient, { app, signal }: Place): Promise<FlyVolumeInfo[]> {
  try {
    const doing = `listing the volumes of ${app}`
    const found = await client.call({ doing, path: `/apps/${app}/volumes`, action: 'list-volumes', id: app, signal })
    return FlyVolumeInfo.array()
      .parse(found ?? [])
      .filter(({ state }) => !DELETED.has(state))
  } catch (error) {
    if (error instanceof FlyError && error.status === 404) return []
    throw error
  }
}

/** One request; an unclear answer is the caller's to resolve. */
export async function postVolume(
  client: FlyClient,
  { app, signal }: Place,
  body: { name: string; region: string; size_gb: number; compute?: Record<string, unknown> },
): Promise<FlyVolumeInfo> {
  return FlyVolumeInfo.parse(
    await client.call({
      doing: `making the volume ${body.name} of ${app}`,
      method: 'POST',
      path: `/apps/${app}/volumes`,
      body,
      action: 'create-volume',
      id: app,
      signal,
    }),
  )
}

/** Deletes a volume; one that is gone is fine. Throws with the reason `claimed` while a machine still holds it. */
export async function deleteVolume(client: FlyClient, { app, signal }: Place, id: string): Promise<void> {
  try {
    await client.call({
      doing: `deleting the volume ${id} of ${app}`,
      method: 'DELETE',
      path: `/apps/${app}/volumes/${id}`,
      action: 'delete-volume',
      id,
      repeatable: true,
      signal,
    })
  } catch (error) {
    if (error instanceof FlyError && error.status === 404) return
    throw error
  }
}
