import { type MachineProvider, type MachineRecord, type ProviderContext, SkeinError } from '@skein/plugin-api'
import { createContainer } from './container/create.ts'
import { detailsOf, KIND } from './container/details.ts'
import { imageNow } from './container/image.ts'
import { listMachines } from './container/list.ts'
import { ContainerMachine } from './container/machine.ts'
import type { ContainerEngine } from './engine/engine.ts'
import { engineOf, findEngine } from './engine/find.ts'
import { knownEngines, rememberEngine } from './engine/known-engines.ts'
import { type ContainerSettings, parseSettings, settings } from './settings.ts'

/** Containers of docker or podman, one for each workspace. */
export function createDockerProvider(): MachineProvider {
  return {
    kind: KIND,
    label: 'container',
    lifetime: 'workspace',
    isolated: true,
    settings,
    idle: 'keep',
    async create(spec, context) {
      const wanted = parseSettings(spec.settings)
      const engine = engineFor(wanted)
      await rememberEngine(context.home, engine.address)
      return new ContainerMachine(await createContainer(engine, spec, wanted, context), engine, context)
    },
    async madeOf(spec, { signal }) {
      const wanted = parseSettings(spec.settings)
      return imageNow(engineFor(wanted), wanted, spec.workspace?.project.path, signal)
    },
    async *list(owner, context) {
      yield* await listEverywhere(owner, context)
    },
    async attach(record, context) {
      if (record.kind !== KIND)
        throw new SkeinError('invalid', `${record.kind}:${record.id} is no container`, {
          next: 'Ask the provider of that kind.',
        })
      return new ContainerMachine(record, engineOf(detailsOf(record).engine), context)
    },
    async diagnose(machine) {
      return machine instanceof ContainerMachine ? machine.diagnose() : []
    },
  }
}

function engineFor({ engine, host, context }: ContainerSettings): ContainerEngine {
  return findEngine({ engine, ...(host ? { host } : {}), ...(context ? { context } : {}) })
}

/**
 * Asks every engine that may have some. One that made containers and does not answer makes the whole list unknown: who destroys what is
 * not listed must not take silence for absence. A program that is merely installed need not answer.
 */
async function listEverywhere(owner: string, context: ProviderContext): Promise<MachineRecord[]> {
  const { used, installed } = await knownEngines(context.home)
  const listed = [
    ...(await Promise.all(used.map((address) => listMachines(engineOf(address), owner, context.signal)))),
    ...(await Promise.all(
      installed.map((address) => listMachines(engineOf(address), owner, context.signal).catch(() => [])),
    )),
  ]
  return [...new Map(listed.flat().map((record) => [record.id, record])).values()]
}
