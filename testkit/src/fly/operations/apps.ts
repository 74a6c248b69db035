import { appOf, bodyOf, type Call, type Handler, ok } from '../http/call.ts'
import { Refusal, refused, refusedByApps } from '../http/refusal.ts'
import { allocation } from '../state/allocation.ts'
import { type App, createApp } from '../state/world.ts'

export const apps: Record<string, Handler> = {
  Apps_list({ world, query }) {
    const inOrg = [...world.apps.values()].filter(({ org }) => org === query.get('org_slug'))
    return ok({ total_apps: inOrg.length, apps: inOrg.map(viewInList) })
  },

  Apps_create(call) {
    const { world, token } = call
    const body = bodyOf<{ app_name?: string; name?: string; org_slug?: string; network?: string }>(call)
    const name = body.app_name ?? body.name ?? ''
    if (token.mayCreateApps === false || token.kind === 'deploy') throw new Refusal(500, { error: 'unauthorized' })
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
      throw new Refusal(422, {
        error: 'Validation failed: Name may only contain lowercase letters, numbers and dashes and must not be empty',
      })
    if (world.apps.has(name) || world.foreignApps.has(name))
      throw new Refusal(422, { error: 'Validation failed: Name has already been taken', status: 'name_taken' })
    if (body.org_slug !== world.org) throw refusedByApps(404, 'Could not find Organization')
    const app = createApp(world, name, { org: body.org_slug, network: body.network })
    return { status: 201, json: { id: app.id, created_at: app.createdAt } }
  },

  Apps_show(call) {
    const { world, params } = call
    if (!world.apps.has(params.app_name ?? '') && !world.foreignApps.has(params.app_name ?? ''))
      throw refusedByApps(404, 'Could not find App')
    return ok(view(appOf(call)))
  },

  /** Machines and volumes go with it, by and by. */
  Apps_delete(call) {
    const app = appOf(call)
    call.world.apps.delete(app.name)
    for (const machine of app.machines.values())
      if (machine.state !== 'destroyed' && machine.state !== 'destroying') call.life.destroy(machine)
    for (const volume of app.volumes.values()) volume.destroyedAt = Math.min(volume.destroyedAt, call.world.clock.now())
    call.world.deleted.push(app)
    return { status: 202, text: '' }
  },

  App_create_deploy_token(call) {
    const app = appOf(call)
    const value = `FlyV1 fm2_${Buffer.from(`${app.name} ${call.world.ulids.next(call.world.clock.now())}`).toString('base64url')}`
    call.world.tokens.push({ value, kind: 'deploy', app: app.name })
    return ok({ token: value })
  },

  App_IPAssignments_list: (call) => ok({ ips: appOf(call).ips }),

  App_IPAssignments_create(call) {
    const app = appOf(call)
    const { type = 'shared_v4', region = 'global' } = bodyOf<{ type?: string; region?: string }>(call)
    if (!['v4', 'v6', 'shared_v4', 'private_v6'].includes(type)) throw refusedByApps(422, `Invalid IP type ${type}`)
    const assignment = {
      ...allocation(type, app.ips.length),
      region,
      created_at: new Date(call.world.clock.now()).toISOString(),
    }
    app.ips.push(assignment)
    return ok(assignment)
  },

  App_IPAssignments_delete(call) {
    const app = appOf(call)
    const index = app.ips.findIndex(({ ip }) => ip === call.params.ip)
    if (index < 0) throw refusedByApps(404, 'IP not found')
    app.ips.splice(index, 1)
    return { status: 204 }
  },
}

function viewInList(app: App): Record<string, unknown> {
  const machines = [...app.machines.values()].filter(({ state }) => state !== 'destroyed')
  return {
    id: app.id,
    name: app.name,
    machine_count: machines.length,
    volume_count: [...app.volumes.values()].filter((volume) => !volume.isDestroyed()).length,
    network: app.network,
  }
}

function view(app: App): Record<string, unknown> {
  return { ...viewInList(app), status: 'deployed', organization: { name: app.org, slug: app.org } }
}

/** For handlers of things that are not of an app. */
export function checkOrganisation({ world, params }: Call): void {
  if (params.org_slug !== world.org) throw refused('not_found', 'organization not found')
}
