import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunnerClient, SkeinError } from '@skein/protocol'
import { agentOf, type EngineContext } from '../context.ts'
import { carryArchive, runTar } from '../machines/carry-archive.ts'
import { environmentOn } from '../machines/environment.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import { environmentOf } from './create.ts'

/** What an agent remembers of a session, taken from one machine to another. */

const PART = 512 * 1024
const DOING = 'taking along what a session remembers'

/** Fetches what the agent kept on its machine into `folder` on this computer. A session that was never begun has nothing. */
export async function keepConversation(
  context: EngineContext,
  session: SessionTable,
  workspace: WorkspaceTable,
  runner: RunnerClient,
  folder: string,
): Promise<void> {
  const place = placeOf(context, session, workspace, runner)
  if (!place) return
  const there = []
  for (const name of place.names)
    if (await runner.call('fs.stat', { path: `${place.folder}/${name}` })) there.push(name)
  if (there.length === 0)
    throw new SkeinError('not_found', `what session ${session.id} remembers is not in ${place.folder}`, {
      next: 'Its agent may have been told to keep its conversations elsewhere.',
    })
  const archive = `/tmp/skein-${session.id}-${context.uuid()}.tar.gz`
  await runTar(runner, ['sh', '-c', 'umask 077; tar -czf "$0" -C "$@"', archive, place.folder, ...there], DOING)
  try {
    const file = await open(fileOf(folder, session.id), 'w', 0o600)
    try {
      for (let offset = 0, eof = false; !eof; ) {
        const part = await runner.call('fs.read', { path: archive, offset, length: PART })
        const bytes = Buffer.from(part.base64, 'base64')
        await file.write(bytes)
        offset += bytes.length
        eof = part.eof
      }
      await file.sync()
    } finally {
      await file.close()
    }
  } finally {
    await runner.call('fs.remove', { path: archive }).catch(() => undefined)
  }
}

/** Puts it where the agent looks for it on the workspace's machine now. */
export async function bringConversation(
  context: EngineContext,
  session: SessionTable,
  workspace: WorkspaceTable,
  runner: RunnerClient,
  folder: string,
): Promise<void> {
  const place = placeOf(context, session, workspace, runner)
  const path = fileOf(folder, session.id)
  if (!place || !existsSync(path)) return
  const home = await context.machines.runnerEventually(HOME_MACHINE, context.signal)
  await carryArchive(
    { home, archive: path },
    runner,
    (blob) => ['sh', '-c', 'umask 077; mkdir -p "$1" && tar -xzf "$0" -C "$1"', blob, place.folder],
    DOING,
  )
}

function placeOf(context: EngineContext, session: SessionTable, workspace: WorkspaceTable, runner: RunnerClient) {
  if (Number(session.has_conversation) !== 1) return undefined
  return agentOf(context, session.agent).conversation?.({
    home: runner.hello.home,
    env: environmentOn(workspace.machine_id, environmentOf(context, session)),
    cwd: workspace.path,
    nativeSessionId: session.native_id,
  })
}

const fileOf = (folder: string, sessionId: string) => join(folder, `${sessionId}.tar.gz`)
