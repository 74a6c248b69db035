import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type RunnerClient, SkeinError } from '@skein/protocol'
import { agentOf, type EngineContext } from '../context.ts'
import { carryFile } from '../machines/carry.ts'
import { environmentOn } from '../machines/environment.ts'
import type { SessionTable, WorkspaceTable } from '../store/schema.ts'
import { environmentOf } from './create.ts'

/** What an agent remembers of a session, taken from one machine to another. */

const PART = 512 * 1024
const PACK_MS = 5 * 60_000

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
  await command(runner, ['sh', '-c', 'umask 077; tar -czf "$0" -C "$@"', archive, place.folder, ...there])
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
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  const home = await context.machines.runnerEventually('local', context.signal)
  const { size } = await stat(path)
  const blob = await carryFile(home, { path, size, sha256: hash.digest('hex') }, runner)
  try {
    await command(runner, ['sh', '-c', 'umask 077; mkdir -p "$1" && tar -xzf "$0" -C "$1"', blob, place.folder])
  } finally {
    await runner.call('fs.remove', { path: blob }).catch(() => undefined)
  }
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

async function command(runner: RunnerClient, argv: string[]): Promise<void> {
  const { code, stderr } = await runner.call('exec', { argv, timeoutMs: PACK_MS })
  if (code !== 0)
    throw new SkeinError('missing', `taking along what a session remembers: ${stderr.trim()}`, {
      next: 'See that tar and gzip are on both machines, and that the disks have room.',
    })
}
