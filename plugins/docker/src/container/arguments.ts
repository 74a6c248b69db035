import type { ContainerSettings } from '../settings.ts'
import { DETAILS_LABEL, labels, type MachineNames } from './names.ts'

/** Where a folder of the engine's computer is shown, read-only. */
export const CACHE_PLACE = '/var/cache/skein'
/** Where Skein's image has its programs, and lends them to containers of other images. */
export const TOOLS_PLACE = '/opt/skein'

/** All that `create` needs to know. */
export interface ContainerPlan {
  names: MachineNames
  owner: string
  key: string
  image: string
  user: string
  home: string
  settings: Pick<ContainerSettings, 'memory' | 'pids' | 'cache'>
  cpus: number
  /** The network's name, or `none`. */
  network: string
  /** Nothing is asked of name servers: names are for the gate. */
  namesByGate: boolean
  environment: Record<string, string>
  /** A volume of Skein's programs. */
  tools: string | undefined
  hostname: string
  /** The machine's details and name, for the label. */
  details: string
}

/**
 * The arguments of `create`. The container is the boundary around agents that may do everything in it: no capability, no way to more
 * rights, no port, nothing of the host but the limits that are set here. Its only process of its own sleeps; the
 * runner comes by `exec`, so that it can be replaced.
 */
export function createArguments(plan: ContainerPlan): string[] {
  const { names, settings } = plan
  return [
    ...['create', '--name', names.container, '--hostname', plan.hostname],
    ...labels(plan.owner, plan.key),
    ...['--label', `${DETAILS_LABEL}=${plan.details}`],
    // An init that reaps what agents leave behind.
    ...['--init', '--restart', 'no'],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...['--memory', settings.memory, '--memory-swap', settings.memory],
    ...['--cpus', String(plan.cpus), '--pids-limit', String(settings.pids)],
    // Browsers need more than the usual 64 MiB; it counts as memory.
    ...['--shm-size', '512m'],
    ...['--network', plan.network],
    // Docker's own name server would ask others on the container's behalf, from outside of its network.
    ...(plan.namesByGate ? ['--dns', '192.0.2.1'] : []),
    ...['--user', plan.user, '--workdir', plan.home],
    ...['--mount', `type=volume,src=${names.volume},dst=${plan.home}`],
    ...(plan.tools ? ['--mount', `type=volume,src=${plan.tools},dst=${TOOLS_PLACE},readonly`] : []),
    ...(settings.cache ? ['--mount', `type=bind,src=${settings.cache},dst=${CACHE_PLACE},readonly`] : []),
    ...Object.entries(plan.environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['--entrypoint', 'sleep', plan.image, 'infinity'],
  ]
}
