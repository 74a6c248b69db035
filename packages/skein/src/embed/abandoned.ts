import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Engine } from '@skein/engine'
import { openSkein } from '../open.ts'
import { heldWorkspaces, release } from './held.ts'
import { lockHome } from './home.ts'
import { embeddedSettings } from './settings.ts'

const LOCK_MS = 60_000
/** What the machine's provider cannot confirm in this time is left to whoever has the home next. */
const GONE_MS = 60_000

/** Ends what a process left that had this home: its runs; of a temporary home everything, and the home itself. */
export async function endAbandoned(home: string, temporary: boolean): Promise<void> {
  if (!existsSync(home)) return
  const lock = await lockHome(home, AbortSignal.timeout(LOCK_MS))
  try {
    const engine = await openSkein({ home, settings: embeddedSettings(temporary) })
    try {
      if (temporary) await removeAll(engine)
      else await endHeld(engine, home)
      const left = await engine.api.call('workspaces.list', {})
      const works = left.some(({ sessions }) => sessions.some(({ process }) => process !== undefined))
      if (temporary) await engine.reap()
      if (temporary || !works) await engine.endHomeRunner()
    } finally {
      await engine.close()
    }
  } finally {
    lock.release()
  }
  if (temporary) await rm(home, { recursive: true, force: true, maxRetries: 5 })
}

/** Removes the workspaces of runs that were to end with their process. */
export async function endHeld(engine: Engine, home: string): Promise<void> {
  await Promise.all(
    heldWorkspaces(home).map(async ({ key, workspaceId }) => {
      if (await removeNow(engine, workspaceId)) release(home, key)
    }),
  )
}

async function removeAll(engine: Engine): Promise<void> {
  const workspaces = await engine.api.call('workspaces.list', {})
  await Promise.all(workspaces.map(({ id }) => removeNow(engine, id)))
}

/** Answers whether it is gone. Of a kind of machine that only the dead process knew, nothing can be said here. */
async function removeNow({ api }: Engine, workspaceId: string): Promise<boolean> {
  const [known, kinds] = await Promise.all([
    api.call('workspaces.list', { removed: true }),
    api.call('machines.kinds', {}),
  ])
  const workspace = known.find(({ id }) => id === workspaceId)
  if (!workspace || workspace.state === 'removed') return true
  if (!kinds.some(({ kind }) => kind === workspace.machine.split(':')[0])) return false
  const gone = AbortSignal.timeout(GONE_MS)
  const key = `abandoned-${workspaceId}-${randomUUID()}`
  const { state } = await api.call('workspaces.remove', { key, workspaceId, confirm: true })
  if (state === 'removed') return true
  for await (const change of api.subscribe('changes', { workspaceId }, gone))
    if (change.type === 'workspace' && change.workspace.state === 'removed') return true
  return false
}
