import type { FlyClient } from './client.ts'
import { FlyError } from './failure.ts'
import { FlyMachineInfo } from './shapes.ts'

/** What a machine is made of; the shape of `POST /apps/{app}/machines`. */
export interface CreateMachineBody {
  name?: string
  region: string
  config: Record<string, unknown>
}

interface Place {
  app: string
  signal?: AbortSignal | undefined
}

const ROOT = (app: string) => `/apps/${app}/machines`

/** One request; an unclear answer is the caller's to resolve (`FlyError.ambiguous`). */
export async function postMachine(
  client: FlyClient,
  { app, signal }: Place,
  body: CreateMachineBody,
  deadlineMs?: number,
): Promise<FlyMachineInfo> {
  return FlyMachineInfo.parse(
    await client.call({
      doing: `making the machine ${body.name ?? ''} of ${app}`.replace('  ', ' '),
      method: 'POST',
      path: ROOT(app),
      body,
      action: 'create',
      id: app,
      signal,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    }),
  )
}

/** Undefined: there is none. */
export async function getMachine(
  client: FlyClient,
  { app, signal }: Place,
  id: string,
  deadlineMs?: number,
): Promise<FlyMachineInfo | undefined> {
  try {
    return FlyMachineInfo.parse(
      await client.call({
        doing: `looking at the machine ${id} of ${app}`,
        path: `${ROOT(app)}/${id}`,
        action: 'get',
        id,
        signal,
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
      }),
    )
  } catch (error) {
    if (error instanceof FlyError && error.status === 404) return undefined
    throw error
  }
}

/** Machines of an app that exist, with this metadata. An app that is not there has none. */
export async function listMachines(
  client: FlyClient,
  { app, signal }: Place,
  metadata: Record<string, string> = {},
): Promise<FlyMachineInfo[]> {
  const query = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value]))
  try {
    const doing = `listing the machines of ${app}`
    const found = await client.call({ doing, path: ROOT(app), query, action: 'list', id: app, signal })
    return FlyMachineInfo.array()
      .parse(found ?? [])
      .filter(({ state }) => state !== 'destroyed')
  } catch (error) {
    if (error instanceof FlyError && error.status === 404) return []
    throw error
  }
}

/** Starts a machine; one that runs, or is about to, is left alone. */
export async function startMachine(client: FlyClient, { app, signal }: Place, id: string): Promise<void> {
  try {
    await act(client, { app, signal }, id, 'start')
  } catch (error) {
    if (error instanceof FlyError && error.status === 409 && !error.isCapacity && error.reason !== 'lease') return
    throw error
  }
}

/** Asks a machine to stop. One that is gone, or on its way already, is left alone. */
export async function stopMachine(
  client: FlyClient,
  { app, signal }: Place,
  id: string,
  options: { signal?: string; timeout?: string } = {},
): Promise<void> {
  try {
    await act(client, { app, signal }, id, 'stop', options)
  } catch (error) {
    if (error instanceof FlyError && (error.status === 404 || error.status === 409)) return
    throw error
  }
}

export async function suspendMachine(client: FlyClient, place: Place, id: string): Promise<void> {
  await act(client, place, id, 'suspend')
}

/** Destroys a machine, running or not; one that is gone is fine. */
export async function destroyMachine(
  client: FlyClient,
  { app, signal }: Place,
  id: string,
  { force = true, deadlineMs }: { force?: boolean; deadlineMs?: number } = {},
): Promise<void> {
  try {
    await client.call({
      doing: `destroying the machine ${id} of ${app}`,
      method: 'DELETE',
      path: `${ROOT(app)}/${id}`,
      query: force ? { force: true } : {},
      action: 'destroy',
      id,
      repeatable: true,
      signal,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    })
  } catch (error) {
    if (error instanceof FlyError && error.status === 404) return
    throw error
  }
}

/** Replaces a machine's whole config, which Fly does not merge; starts nothing that is stopped. */
export async function updateMachine(
  client: FlyClient,
  { app, signal }: Place,
  id: string,
  body: { config: Record<string, unknown>; current_version?: string; region?: string },
): Promise<FlyMachineInfo> {
  return FlyMachineInfo.parse(
    await client.call({
      doing: `changing the machine ${id} of ${app}`,
      method: 'POST',
      path: `${ROOT(app)}/${id}`,
      body: { ...body, skip_launch: true },
      action: 'update',
      id,
      signal,
    }),
  )
}

export async function setMetadata(
  client: FlyClient,
  { app, signal }: Place,
  id: string,
  key: string,
  value: string,
): Promise<void> {
  await client.call({
    doing: `labelling the machine ${id} of ${app}`,
    method: 'POST',
    path: `${ROOT(app)}/${id}/metadata/${key}`,
    body: { value },
    action: 'metadata',
    id,
    repeatable: true,
    signal,
  })
}

async function act(client: FlyClient, { app, signal }: Place, id: string, action: string, body?: unknown) {
  const doing = { start: 'starting', stop: 'stopping', suspend: 'suspending' }[action] ?? action
  await client.call({
    doing: `${doing} the machine ${id} of ${app}`,
    method: 'POST',
    path: `${ROOT(app)}/${id}/${action}`,
    ...(body === undefined ? {} : { body }),
    action,
    id,
    repeatable: true,
    signal,
  })
}
