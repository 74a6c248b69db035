import { createHash } from 'node:crypto'
import { appOf, bodyOf, type Call, flag, type Handler, ok } from '../http/call.ts'
import { refused } from '../http/refusal.ts'
import { type App, date, type Secret, type World } from '../state/world.ts'

/** Machines see what was set when they next start. */
export const secrets: Record<string, Handler> = {
  Secrets_list(call) {
    const { secrets } = appOf(call)
    return ok({ secrets: [...secrets].map(([name, secret]) => view(call, name, secret)) })
  },

  Secrets_update(call) {
    const app = appOf(call)
    const { values = {} } = bodyOf<{ values?: Record<string, string> }>(call)
    for (const [name, value] of Object.entries(values)) putSecret(call.world, app, name, value)
    const all = [...app.secrets].map(([name, secret]) => view(call, name, secret))
    return ok({ secrets: all, version: app.secretsVersion, Version: app.secretsVersion })
  },

  Secret_get(call) {
    const [name, secret] = secretOf(call)
    return ok(view(call, name, secret))
  },

  Secret_create(call) {
    const app = appOf(call)
    const name = call.params.secret_name ?? ''
    const { value } = bodyOf<{ value?: string }>(call)
    if (value === undefined) throw refused('invalid_argument', 'value is required')
    const secret = putSecret(call.world, app, name, value)
    const { secretsVersion: version } = app
    return { status: 201, json: { ...view(call, name, secret), version, Version: version } }
  },

  Secret_delete(call) {
    const app = appOf(call)
    const [name] = secretOf(call)
    app.secrets.delete(name)
    app.secretsVersion += 1
    return ok({ version: app.secretsVersion, Version: app.secretsVersion })
  },
}

export function putSecret(world: World, app: App, name: string, value: string): Secret {
  const now = world.clock.now()
  const digest = createHash('sha256').update(`${app.id} ${value}`).digest('hex').slice(0, 16)
  const secret = { value, digest, createdAt: app.secrets.get(name)?.createdAt ?? now, updatedAt: now }
  app.secrets.set(name, secret)
  app.secretsVersion += 1
  return secret
}

function secretOf(call: Call): [string, Secret] {
  const name = call.params.secret_name ?? ''
  const secret = appOf(call).secrets.get(name)
  if (secret === undefined) throw refused('not_found', `secret ${name} not found`)
  return [name, secret]
}

/** The value only for who asks for it and may write. */
function view({ query, token }: Call, name: string, secret: Secret): Record<string, unknown> {
  const shown = flag(query, 'show_secrets') && token.kind !== 'readonly' ? { value: secret.value } : {}
  return {
    name,
    digest: secret.digest,
    created_at: date(secret.createdAt),
    updated_at: date(secret.updatedAt),
    ...shown,
  }
}
