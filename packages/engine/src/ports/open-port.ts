import type { Duplex } from 'node:stream'
import { SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { readyWorkspace } from '../workspaces/find.ts'
import { ownerOfPort, type PortOwner } from './port-owners.ts'

/** How long it is believed who has a port: a page of a development server is hundreds of requests. */
const BELIEVED_MS = 1000
/** Ports of its own that a workspace has. */
const OWN_PORTS = 10

/** Byte streams to what a workspace's programs listen on, and to nobody else's. */
export class PortDoor {
  readonly #context: EngineContext
  readonly #asked = new Map<string, { at: number; owner: Promise<PortOwner | undefined> }>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  /**
   * A stream to a TCP port of the workspace's machine. Throws `unavailable` when nothing listens there, or (with
   * `details.reason: 'machine'`) while the machine is not connected; `conflict` (`other_workspace`) when another workspace's
   * program has the port.
   */
  async open(workspaceId: string, port: number, signal: AbortSignal): Promise<Duplex> {
    const context = this.#context
    const workspace = await readyWorkspace(context, workspaceId)
    try {
      await this.#expectNotOthers(workspace, port)
      const machine = await context.machines.machine(workspace.machine_id)
      return await machine.open({ port }, AbortSignal.any([signal, context.signal]))
    } catch (error) {
      throw this.#explained(workspace, SkeinError.from(error, `opening port ${port} of ${workspace.machine_id}`))
    }
  }

  /** On a machine that several workspaces share, whoever came first has a port that a program always takes. */
  async #expectNotOthers(workspace: WorkspaceTable, port: number): Promise<void> {
    const first = workspace.port
    if (first !== null && port >= first && port < first + OWN_PORTS) return
    const owner = await this.#owner(workspace.machine_id, port)
    if (owner === undefined || owner.workspaceId === workspace.id) return
    throw new SkeinError('conflict', `port ${port} of ${workspace.machine_id} is used by ${owner.name}`, {
      next: 'Have the program listen on $SKEIN_PORT, which is the workspace’s own; or end the other one.',
      details: { reason: 'other_workspace' },
    })
  }

  #owner(machineId: string, port: number): Promise<PortOwner | undefined> {
    const key = `${machineId} ${port}`
    const now = this.#context.clock.now()
    const asked = this.#asked.get(key)
    if (asked && now - asked.at < BELIEVED_MS) return asked.owner
    for (const [old, { at }] of this.#asked) if (now - at >= BELIEVED_MS) this.#asked.delete(old)
    const owner = ownerOfPort(this.#context, machineId, port)
    owner.catch(() => this.#asked.delete(key))
    this.#asked.set(key, { at: now, owner })
    return owner
  }

  #explained({ machine_id }: WorkspaceTable, error: SkeinError): SkeinError {
    const link = this.#context.machines.link(machine_id)
    if (error.code !== 'unavailable' || link === undefined || link.state === 'connected' || link.state === 'idle')
      return error
    return new SkeinError('unavailable', `${machine_id}: ${link.because}`, {
      next: link.next,
      details: { ...error.details, reason: 'machine' },
      cause: error,
    })
  }
}
