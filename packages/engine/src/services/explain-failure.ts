import type { EngineContext } from '../context.ts'
import { outputOf } from '../machines/process-output.ts'
import { ownerOfPort } from '../ports/port-owners.ts'
import { takenPort } from '../ports/taken-port.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import type { ServiceTable } from '../store/schema-work.ts'
import { serviceProcessId } from './run.ts'

const TAIL = 8192
const LIMIT_MS = 3000

/** Why a service failed, in more than its exit code where its last words tell: a port that somebody else has, and who. */
export async function explainFailure(
  context: EngineContext,
  workspace: WorkspaceTable,
  row: ServiceTable,
  because: string,
): Promise<string> {
  try {
    const port = takenPort(await lastWords(context, workspace, row))
    if (port === undefined) return because
    if (port === 0) return `a port that it wants is used already: ${because}`
    const owner = await ownerOfPort(context, workspace.machine_id, port)
    const whose =
      owner?.workspaceId === workspace.id ? owner.name.replace(/ of .*$/, ' of this workspace') : owner?.name
    return `port ${port} is used by ${whose ?? 'another program'}: ${because}`
  } catch {
    return because
  }
}

async function lastWords(
  context: EngineContext,
  { machine_id, id }: WorkspaceTable,
  row: ServiceTable,
): Promise<string> {
  const start = { machineId: machine_id, id: serviceProcessId(id, row.name), epoch: row.epoch }
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(LIMIT_MS)])
  let text = ''
  for await (const part of outputOf(context, start, signal)) text = (text + part.text).slice(-TAIL)
  return text
}
