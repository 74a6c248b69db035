import { createHash } from 'node:crypto'

/** Who made it: an installation of Skein. On containers, volumes and networks alike. */
export const OWNER_LABEL = 'dev.skein.owner'
/** Of which machine it is a part. */
export const KEY_LABEL = 'dev.skein.key'
/** The rest of the machine's record, as JSON; on the container of the agents alone. */
export const DETAILS_LABEL = 'dev.skein.details'

/** What belongs to one machine; each name follows from owner and key alone. */
export interface MachineNames {
  container: string
  volume: string
  /** With an allow-list: the network that leads nowhere but to the gate. */
  innerNetwork: string
  gate: string
}

/** Asking twice gives the same names, so nothing is ever made twice. */
export function namesFor(owner: string, key: string): MachineNames {
  return namesOf(`skein-${hash(`${owner}\0${key}`)}`)
}

/** From the machine's id. */
export function namesOf(id: string): MachineNames {
  return { container: id, volume: id, innerNetwork: id, gate: `${id}-gate` }
}

/** The network to the outside, one for an installation: machines on it cannot reach each other. */
export function outerNetwork(owner: string): string {
  return `skein-out-${hash(owner)}`
}

/** Labels of all parts. */
export function labels(owner: string, key: string): string[] {
  return ['--label', `${OWNER_LABEL}=${owner}`, '--label', `${KEY_LABEL}=${key}`]
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
