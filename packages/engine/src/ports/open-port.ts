import type { Duplex } from 'node:stream'
import type { EngineContext } from '../context.ts'
import { readyWorkspace } from '../workspaces/find.ts'

/** A byte stream to what listens on a TCP port of the workspace's machine; `unavailable` when nothing does. */
export async function openPort(
  context: EngineContext,
  workspaceId: string,
  port: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const workspace = await readyWorkspace(context, workspaceId)
  const machine = await context.machines.machine(workspace.machine_id)
  return machine.open({ port }, AbortSignal.any([signal, context.signal]))
}
