import { type SessionOptions, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { openProject, type ProjectRow, trustProject } from './projects.ts'
import { scriptsAt } from './trust.ts'

/** A repository of our own to try things in, and what its agents are given: a model that follows a script. */
export interface DemoProject {
  /** Makes the repository, or finds it. */
  prepare(): Promise<{ path: string }>
  /** Asked at each start of an agent. */
  environment(): Promise<NonNullable<SessionOptions['environment']>>
}

/** Opens the demo project. What it would run is our own, so it is trusted as it is. */
export async function openDemo(context: EngineContext): Promise<ProjectRow> {
  if (!context.demo)
    throw new SkeinError('missing', 'this server has no demo project', { next: 'Start it with: skein up' })
  const { path } = await context.demo.prepare()
  const row = await openProject(context, path)
  await context.db.updateTable('projects').set({ demo: 1 }).where('id', '=', row.id).execute()
  const { hash } = await scriptsAt(context, row, 'HEAD')
  return trustProject(context, { ...row, demo: 1 }, hash)
}
