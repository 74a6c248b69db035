import type { MachineRecord } from '@skein/plugin-api'
import type { EngineAddress } from '../engine/engine.ts'
import type { NetworkPolicy } from '../settings.ts'

export const KIND = 'docker'

/** What the record of a container holds beside its names. No secret: `docker inspect` shows it. */
export interface ContainerDetails {
  engine: EngineAddress
  key: string
  image: string
  /** For `docker exec --user`. */
  user: string
  home: string
  memory: string
  network: NetworkPolicy
  /** Variables for what runs there. */
  environment: Record<string, string>
  /** Ports that the project's devcontainer.json names. */
  forwardPorts: number[]
  /** Whose the home is that the image lacks. */
  homeOf?: { uid: number; gid: number }
}

export function detailsOf(record: MachineRecord): Partial<ContainerDetails> & { engine: EngineAddress } {
  const details = record.details as Partial<ContainerDetails>
  return { ...details, engine: details.engine ?? { program: 'docker' } }
}

/** The record of a machine of which perhaps only a part is left. `text` is its label, empty where there is none. */
export function recordFor(
  { id, name, owner, key }: { id: string; name: string; owner: string; key: string },
  engine: EngineAddress,
  text: string,
): MachineRecord {
  return { kind: KIND, id, name, owner, details: { key, ...parsed(text), engine } }
}

/** Somebody else may have written the label. */
function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
