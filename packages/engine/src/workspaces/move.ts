import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { agentOf, type EngineContext } from '../context.ts'
import { baseRef, bringHome, homeOf, placeOf } from '../machines/bring-project.ts'
import type { Place } from '../machines/carry.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { repositoryOf, rootOn, trashOf } from '../machines/places.ts'
import { isSameMachine } from '../machines/prepare.ts'
import { bringConversation, keepConversation } from '../sessions/conversation.ts'
import type { Store, WorkspaceTable } from '../store/schema.ts'
import { choosePort, freePlace } from './create.ts'
import { endMachineOf, forgetProcesses } from './remover.ts'
import { refuseSeveral } from './repositories.ts'
import { beginAgain } from './steps.ts'

type ProjectRow = Store['projects']

/**
 * A move under way, as it is written down. `leave`: what is at the old place is being gathered; nothing there is changed. `arrive`:
 * the new place is made, by the steps that make every workspace. `clean`: the new place is ready, the old one goes.
 */
export interface Move {
  phase: 'leave' | 'arrive' | 'clean'
  to: string
  from: Pick<WorkspaceTable, 'machine_id' | 'path' | 'in_place' | 'port' | 'from_ref'>
}

export const moveOf = (workspace: Pick<WorkspaceTable, 'moving'>): Move | undefined =>
  workspace.moving === null ? undefined : (JSON.parse(workspace.moving) as Move)

const moveRef = (workspaceId: string) => `refs/skein/move/${workspaceId}`
const keptFor = (context: EngineContext, workspaceId: string) => join(context.home, 'moves', workspaceId)

/** Writes down that a workspace is to move. Throws for what can be told beforehand. */
export async function beginMove(context: EngineContext, workspace: WorkspaceTable, to: string): Promise<void> {
  const doing = `moving ${workspace.name} to ${to}`
  if (workspace.state !== 'ready')
    throw new SkeinError('conflict', `${doing}: it is ${workspace.state}`, { next: 'Wait until it is ready.' })
  await refuseSeveral(context, workspace.id, doing)
  const sessions = await context.db
    .selectFrom('sessions')
    .select(['id', 'agent', 'process_state', 'has_conversation'])
    .where('workspace_id', '=', workspace.id)
    .execute()
  const turns = await context.db
    .selectFrom('prompts')
    .innerJoin('sessions', 'sessions.id', 'prompts.session_id')
    .select('prompts.id')
    .where('sessions.workspace_id', '=', workspace.id)
    .where('prompts.state', 'in', ['sent', 'started'])
    .execute()
  const asks = await context.db
    .selectFrom('asks')
    .select('id')
    .where('workspace_id', '=', workspace.id)
    .where('state', '=', 'open')
    .execute()
  if (turns.length + asks.length > 0)
    throw new SkeinError('conflict', `${doing}: its agent is at work`, {
      next: 'Wait for the end of the turn, or interrupt it, and move it then.',
    })
  for (const session of sessions)
    if (Number(session.has_conversation) === 1 && !agentOf(context, session.agent).conversation)
      throw new SkeinError('invalid', `${doing}: ${session.agent} cannot take along what was said`, {
        next: 'Make a new workspace there instead.',
      })
  const target = await context.machines.choose(to, workspace.id)
  if (target === workspace.machine_id || (await isAlike(context, target, workspace.machine_id))) {
    if (target !== workspace.machine_id) await context.machines.unchoose(target)
    throw new SkeinError('invalid', `${doing}: it is there already`, {
      next: 'Choose another machine: skein machine ls',
    })
  }
  if (!(await context.machines.isOwn(target))) await context.machines.runner(target)
  const { machine_id, path, in_place, port, from_ref } = workspace
  const move: Move = { phase: 'leave', to: target, from: { machine_id, path, in_place, port, from_ref } }
  await context.db.transaction().execute(async (tx) => {
    await tx
      .updateTable('workspaces')
      .set({ state: 'creating', moving: JSON.stringify(move), problem: null })
      .where('id', '=', workspace.id)
      .execute()
    await beginAgain(tx, workspace.id)
  })
  context.changes.workspace(workspace.id)
}

/** Whether a machine that would be made is just like the one that is there. */
async function isAlike({ machines }: EngineContext, target: string, here: string): Promise<boolean> {
  const [wanted, known] = await Promise.all([machines.row(target), machines.row(here)])
  if (!wanted || !known || wanted.template === null || wanted.template !== known.template) return false
  return isSameMachine(machines, wanted, known)
}

/** Gathers what goes along, and turns to the new place. Nothing at the old place is changed; may be repeated. */
export async function leaveOldPlace(context: EngineContext, workspace: WorkspaceTable, move: Move): Promise<void> {
  const project = await projectOf(context, workspace)
  const old = await placeOf(context, project, workspace)
  await context.work.stopWorkspace(workspace)
  const ref = moveRef(workspace.id)
  const { commit } = await old.runner.call('git.snapshot', {
    path: workspace.path,
    ref,
    message: `Workspace ${workspace.name}, before it moved`,
  })
  const turns = await old.runner.call('git.listRefs', { repo: old.repo, prefix: `refs/skein/turns/${workspace.id}/` })
  await bringHome(context, project, old, {
    [ref]: commit,
    ...(workspace.base === null ? {} : { [baseRef(workspace.id)]: workspace.base }),
    ...Object.fromEntries(turns.map((turn) => [turn.ref, turn.commit])),
  })
  await mkdir(keptFor(context, workspace.id), { recursive: true, mode: 0o700 })
  for (const session of await sessionsOf(context, workspace.id))
    await keepConversation(context, session, workspace, old.runner, keptFor(context, workspace.id))
  await context.db
    .updateTable('workspaces')
    .set({ ...(await newPlace(context, project, workspace, move.to)), from_ref: ref, moving: asText(move, 'arrive') })
    .where('id', '=', workspace.id)
    .execute()
  context.changes.workspace(workspace.id)
}

/** What was said comes along before the first prompt there. */
export async function bringConversations(context: EngineContext, workspace: WorkspaceTable): Promise<void> {
  const runner = await context.machines.runnerEventually(workspace.machine_id, context.signal)
  for (const session of await sessionsOf(context, workspace.id))
    await bringConversation(context, session, workspace, runner, keptFor(context, workspace.id))
}

/** The new place is ready: the old one goes. */
export async function cleanOldPlace(context: EngineContext, workspace: WorkspaceTable, move: Move): Promise<void> {
  const project = await projectOf(context, workspace)
  const before: WorkspaceTable = { ...workspace, ...move.from }
  const runner = await context.machines.runnerEventually(before.machine_id, context.signal)
  const place: Place = { runner, repo: repositoryOf(context, project, before, runner) }
  const snapshotRef = moveRef(workspace.id)
  if (Number(before.in_place) === 0)
    await runner.call('git.removeWorkspace', {
      repo: place.repo,
      path: before.path,
      branch: workspace.branch,
      deleteBranch: workspace.machine_id !== HOME_MACHINE && !workspace.existing_branch,
      trash: trashOf(context, before.machine_id, runner),
      // Also what was done there after the snapshot, by hand, is not lost: removal refuses what the snapshot does not cover.
      snapshotRef,
    })
  await forgetProcesses(context, runner, workspace.id)
  if (before.machine_id !== HOME_MACHINE) await endMachineOf(context, before, place, snapshotRef)
  const home = await homeOf(context, project)
  await home.runner.call('git.deleteRef', { repo: home.repo, ref: snapshotRef })
  await rm(keptFor(context, workspace.id), { recursive: true, force: true })
  await context.db
    .updateTable('workspaces')
    .set({ moving: null, from_ref: move.from.from_ref })
    .where('id', '=', workspace.id)
    .execute()
  context.changes.workspace(workspace.id)
}

/** The new place could not be made: the workspace is where it was. */
export async function goBack(context: EngineContext, workspace: WorkspaceTable, why: string): Promise<void> {
  const move = moveOf(workspace)
  if (!move) return
  await context.db.transaction().execute(async (tx) => {
    await tx
      .updateTable('workspaces')
      .set({
        ...move.from,
        state: 'ready',
        moving: null,
        problem: JSON.stringify({ message: `it could not move to ${move.to}: ${why}` }),
      })
      .where('id', '=', workspace.id)
      .execute()
    await tx.updateTable('steps').set({ state: 'done', note: null }).where('workspace_id', '=', workspace.id).execute()
  })
  await rm(keptFor(context, workspace.id), { recursive: true, force: true })
  context.changes.workspace(workspace.id)
  context.changes.notice('error', `${workspace.name} could not move to ${move.to}`, `It is where it was. ${why}`)
}

/** The move goes on by making the new place. */
export function asText(move: Move, phase: Move['phase']): string {
  return JSON.stringify({ ...move, phase } satisfies Move)
}

async function newPlace(
  context: EngineContext,
  project: ProjectRow,
  workspace: WorkspaceTable,
  machineId: string,
): Promise<Pick<WorkspaceTable, 'machine_id' | 'path' | 'in_place' | 'port'>> {
  const own = await context.machines.isOwn(machineId)
  const runner = own ? undefined : await context.machines.runnerEventually(machineId, context.signal)
  const port = await choosePort(context, machineId, workspace.id, runner)
  if (!runner) return { machine_id: machineId, path: workspace.name, in_place: 0, port }
  const { path } = await freePlace(context, machineId, workspace.name, (folder) =>
    join(rootOn(context, machineId, runner), 'workspaces', project.name, folder),
  )
  return { machine_id: machineId, path, in_place: 0, port }
}

function projectOf(context: EngineContext, workspace: WorkspaceTable): Promise<ProjectRow> {
  return context.db.selectFrom('projects').selectAll().where('id', '=', workspace.project_id).executeTakeFirstOrThrow()
}

function sessionsOf(context: EngineContext, workspaceId: string) {
  return context.db.selectFrom('sessions').selectAll().where('workspace_id', '=', workspaceId).execute()
}
