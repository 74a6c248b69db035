import { join } from 'node:path'
import { type ApiParams, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { workspaceIdOf } from '../identity.ts'
import { homeOf } from '../machines/bring-project.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { rootOn } from '../machines/places.ts'
import { projectRow } from '../projects/projects.ts'
import { mustBeTrusted } from '../projects/trust.ts'
import { addSession } from '../sessions/create.ts'
import { withParent } from '../sessions/delegation.ts'
import { branchFor, nameFrom, randomName } from '../setup/names.ts'
import { PORTS_EACH, takePorts } from '../setup/ports.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { STEPS } from './maker.ts'
import { checkRepositories, recordRepositories, type WantedRepository } from './repositories.ts'

const NAME_TRIES = 20

export interface NewWorkspace {
  projectId: string
  name?: string | undefined
  branch?: string | undefined
  base?: string | undefined
  on?: string | undefined
  fromRef?: string | undefined
  repositories?: readonly WantedRepository[] | undefined
  ttlMs?: number | undefined
}

/** Writes down a workspace to be made. The same key is the same workspace, however often it is asked for. */
export async function recordWorkspace(
  context: EngineContext,
  key: string,
  wanted: NewWorkspace,
): Promise<WorkspaceTable> {
  const id = workspaceIdOf(key)
  const known = (await context.db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirst()) as
    | WorkspaceTable
    | undefined
  if (known) return known
  checkRepositories(wanted.repositories ?? [])
  const project = await projectRow(context, wanted.projectId)
  const baseRef = wanted.base ?? 'HEAD'
  // An unknown base is told before anything is made, and so is a machine that cannot be reached.
  const home = await homeOf(context, project)
  const { commit } = await home.runner.call('git.resolve', { repo: home.repo, ref: baseRef })
  const on = wanted.on ?? HOME_MACHINE
  const provider = context.machines.provider(on.split(':')[0] ?? '')
  if (provider.runsRepositoryScripts) await mustBeTrusted(context, project, on)
  const machine = await context.machines.choose(on, id)
  const own = provider.lifetime === 'workspace'
  const runner = own ? undefined : await context.machines.runner(machine)
  const chosen = wanted.name === undefined ? undefined : nameFrom(wanted.name)
  for (let attempt = 0; ; attempt++) {
    const name = chosen ?? randomName(context.random)
    const port = await choosePort(context, machine, id, runner)
    // Where on a machine of its own is known when that is made.
    const pathOf = (folder: string) =>
      runner === undefined ? folder : join(rootOn(context, machine, runner), 'workspaces', project.name, folder)
    const place = await freePlace(context, machine, name, pathOf)
    const row: WorkspaceTable = {
      id,
      project_id: project.id,
      name,
      branch: wanted.branch ?? branchFor(place.name),
      base_ref: baseRef,
      base: commit,
      machine_id: machine,
      path: place.path,
      in_place: 0,
      moving: null,
      created_at: context.clock.now(),
      state: 'creating',
      port,
      from_ref: wanted.fromRef ?? null,
      existing_branch: 0,
      problem: null,
      diff: null,
      removal: null,
      removed_at: null,
      snapshot_ref: null,
      pinned: 0,
      archived: 0,
      worked_at: null,
      ttl_ms: wanted.ttlMs ?? null,
    }
    try {
      await context.db.transaction().execute(async (tx) => {
        await tx.insertInto('workspaces').values(row).execute()
        await recordRepositories(tx, row, wanted.repositories ?? [])
        await tx
          .insertInto('steps')
          .values(
            STEPS.map((step, position) => ({
              workspace_id: id,
              name: step,
              position,
              state: 'pending',
              started_at: null,
              ended_at: null,
              note: null,
            })),
          )
          .execute()
      })
      return row
    } catch (error) {
      const taken = error instanceof Error && /UNIQUE constraint failed|constraint/i.test(error.message)
      if (!taken) throw error
      const named = await context.db
        .selectFrom('workspaces')
        .select('id')
        .where('name', '=', name)
        .where('state', '<>', 'removed')
        .executeTakeFirst()
      if (named?.id === id)
        return await context.db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
      if (named && chosen !== undefined) {
        await context.machines.unchoose(machine)
        throw new SkeinError('conflict', `there is a workspace "${name}" already`, {
          next: 'Choose another --name, or remove that one: skein rm',
        })
      }
      if (attempt >= NAME_TRIES) throw error
    }
  }
}

/** A workspace with, where asked, its first session and prompt. */
export async function createWorkspace(
  context: EngineContext,
  params: ApiParams<'workspaces.create'>,
): Promise<{ workspace: WorkspaceTable; sessionId?: string }> {
  const session = await withParent(context, params.session, params.on ?? HOME_MACHINE)
  const workspace = await recordWorkspace(context, params.key, params)
  if (session === undefined && params.prompt === undefined) return { workspace }
  const sessionId = await addSession(context, workspace, `${params.key}:session`, session ?? {}, { how: 'new' })
  return { workspace, sessionId }
}

/** A workspace that was renamed keeps its folder and its branch: who has its old name now gets others. */
export async function freePlace(
  context: EngineContext,
  machine: string,
  name: string,
  pathOf: (folder: string) => string,
): Promise<{ name: string; path: string }> {
  const rows = await context.db
    .selectFrom('workspaces')
    .select(['path', 'branch', 'machine_id'])
    .where('state', '<>', 'removed')
    .where('name', '<>', name)
    .execute()
  for (let number = 1; ; number++) {
    const own = number === 1 ? name : `${name}-${number}`
    const path = pathOf(own)
    if (!rows.some((row) => (row.path === path && row.machine_id === machine) || row.branch === branchFor(own)))
      return { name: own, path }
  }
}

/** Ten ports that no other workspace has and that nothing listens on now. */
export async function choosePort(
  context: EngineContext,
  machineId: string,
  workspaceId: string,
  runner: RunnerClient | undefined,
): Promise<number> {
  const rows = await context.db
    .selectFrom('workspaces')
    .select('port')
    .where('machine_id', '=', machineId)
    .where('state', '<>', 'removed')
    .execute()
  const taken = new Set(rows.flatMap(({ port }) => (port === null ? [] : [port])))
  for (const from of takePorts(workspaceId, taken)) {
    // Nothing else is on a machine of one's own.
    if (!runner) return from
    const { port } = await runner
      .call('ports.free', { from, to: from + PORTS_EACH - 1, count: PORTS_EACH, taken: [] })
      .catch(() => ({ port: -1 }))
    if (port === from) return port
  }
  throw new SkeinError('unavailable', 'no ten free ports in a row are left for the workspace', {
    next: 'Remove workspaces that you no longer need: skein ls',
  })
}
