import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { SkeinError } from '@skein/plugin-api'
import { ContainerEngine, type EngineAddress } from './engine.ts'

const PROGRAMS = ['docker', 'podman'] as const

const engines = new Map<string, ContainerEngine>()

/** The engine that is meant: the one that is named, else docker where it is installed, else podman. Throws `missing`. */
export function findEngine(wanted: { engine?: EngineAddress['program'] | undefined; host?: string; context?: string }) {
  const candidates = wanted.engine ? [wanted.engine] : PROGRAMS
  for (const program of candidates) {
    const path = onPath(program)
    if (path === undefined) continue
    const { host, context } = wanted
    return engineAt({ program, ...(host ? { host } : {}), ...(context ? { context } : {}) }, path)
  }
  throw new SkeinError('missing', `containers need ${candidates.join(' or ')}, and PATH has none`, {
    next: 'Install docker (Debian: `sudo apt install docker.io`) or podman, then restart Skein’s server.',
  })
}

/** The engine of a machine that exists. */
export function engineOf(address: EngineAddress): ContainerEngine {
  return findEngine({ ...address, engine: address.program })
}

/** All engines that are installed here, as their programs lead. */
export function installedEngines(): EngineAddress[] {
  return PROGRAMS.filter((program) => onPath(program) !== undefined).map((program) => ({ program }))
}

/** The same object for the same engine, so that what it said of itself is asked once. */
function engineAt(address: EngineAddress, path: string): ContainerEngine {
  const key = JSON.stringify([path, address, process.env.DOCKER_HOST, process.env.DOCKER_CONTEXT])
  const known = engines.get(key) ?? new ContainerEngine(address, path)
  engines.set(key, known)
  return known
}

/** The path of a program, as a shell would find it. */
export function onPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
