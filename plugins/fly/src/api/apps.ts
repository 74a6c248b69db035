import { SkeinError } from '@skein/plugin-api'
import type { FlyClient } from './client.ts'
import { FlyError } from './failure.ts'
import { FlyAppInfo } from './shapes.ts'

export const DEFAULT_APP = 'skein-agents'
export const DEFAULT_ORG = 'personal'

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Throws `invalid` for what cannot be an app's name, before it stands in a URL. */
export function checkedAppName(app: string): string {
  if (NAME.test(app)) return app
  throw new SkeinError('invalid', `${JSON.stringify(app)} is no name of a Fly.io app`, {
    next: 'Use lower-case letters, digits and hyphens: --on fly:my-app',
  })
}

/** An app; null where there is none (or none that the token may see). */
export async function getApp(client: FlyClient, app: string, signal?: AbortSignal): Promise<FlyAppInfo | null> {
  try {
    const doing = `looking at the app ${app}`
    return FlyAppInfo.parse(await client.call({ doing, path: `/apps/${app}`, action: 'get-app', id: app, signal }))
  } catch (error) {
    if (error instanceof FlyError && error.status === 404) return null
    throw error
  }
}

export interface EnsureAppOptions {
  /** {@link DEFAULT_APP} unless given. */
  app?: string
  /** {@link DEFAULT_ORG} unless given. */
  org?: string
  signal?: AbortSignal
}

/** Makes an app unless it is there. Answers its name, and whether it was made. */
export async function ensureApp(
  client: FlyClient,
  { app = DEFAULT_APP, org = DEFAULT_ORG, signal }: EnsureAppOptions = {},
): Promise<{ app: string; made: boolean }> {
  checkedAppName(app)
  const before = await getApp(client, app, signal).catch((error: unknown) => {
    throw error instanceof FlyError && error.status === 403 ? ofSomebodyElse(app, error) : error
  })
  if (before) return { app, made: false }
  try {
    await client.call({
      doing: `making the app ${app} in ${org}`,
      method: 'POST',
      path: '/apps',
      // Fly's documents and its older clients say app_name, its specification and newer ones name.
      body: { app_name: app, name: app, org_slug: org },
      action: 'create-app',
      id: org,
      signal,
    })
    return { app, made: true }
  } catch (error) {
    if (!(error instanceof FlyError) || !(error.ambiguous || error.reason === 'name_taken')) throw error
    if (await getApp(client, app, signal).catch(() => null)) return { app, made: error.ambiguous }
    if (error.reason !== 'name_taken') throw error
    throw ofSomebodyElse(app, error)
  }
}

function ofSomebodyElse(app: string, cause: FlyError): SkeinError {
  return new SkeinError('conflict', `making the app ${app}: somebody else has an app of this name`, {
    next: 'Choose another (names are unique on all of Fly.io), or a token that may use it.',
    cause,
  })
}

/** Gives an app the addresses by which Fly Proxy leads to it: IPv6, and a shared IPv4. Harmless where it has them. */
export async function ensureAddresses(client: FlyClient, app: string, signal?: AbortSignal): Promise<void> {
  for (const type of ['shared_v4', 'v6'])
    await client.call({
      doing: `giving the app ${app} an address (${type})`,
      method: 'POST',
      path: `/apps/${app}/ip_assignments`,
      body: { type },
      action: 'assign-ip',
      id: app,
      repeatable: true,
      signal,
    })
}

/** Sets a secret of an app: machines that start after it have it in their environment. */
export async function setSecret(
  client: FlyClient,
  { app, signal }: { app: string; signal?: AbortSignal | undefined },
  name: string,
  value: string,
): Promise<void> {
  await client.call({
    doing: `setting a secret of ${app}`,
    method: 'POST',
    path: `/apps/${app}/secrets/${name}`,
    body: { value },
    action: 'secret',
    id: app,
    repeatable: true,
    signal,
  })
}
