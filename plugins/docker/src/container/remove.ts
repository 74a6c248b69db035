import { setTimeout as sleep } from 'node:timers/promises'
import { SkeinError } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import { KEY_LABEL, namesOf, OWNER_LABEL, outerNetwork } from './names.ts'

const PAUSES_MS = [100, 300, 1_000, 2_000, 5_000, 10_000]

/** Removes all parts of a machine, and looks until the engine knows of none. Throws what is left, when patience is at an end. */
export async function removeMachine(
  engine: ContainerEngine,
  { id, owner, key }: { id: string; owner: string; key: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const names = namesOf(id)
  let problem: unknown
  for (const pause of [...PAUSES_MS, 0]) {
    try {
      const found = await partsOf(engine, { owner, key, names: Object.values(names) }, signal)
      if (found.length === 0) {
        await removeOuterNetwork(engine, owner, signal)
        return
      }
      for (const { remove } of found) await engine.attempt(`removing ${id}`, remove, { signal })
      const left = await partsOf(engine, { owner, key, names: Object.values(names) }, signal)
      if (left.length === 0) continue
      problem = new SkeinError(
        'unavailable',
        `removing ${id}: still there: ${left.map(({ what }) => what).join(', ')}`,
        {
          next: 'It is tried again; `docker rm -f` and `docker volume rm` do the same by hand.',
        },
      )
    } catch (error) {
      if (signal.aborted) throw error
      problem = error
    }
    await sleep(pause, undefined, { signal })
  }
  throw problem ?? new SkeinError('unavailable', `removing ${id}: it came back again and again`)
}

interface Part {
  what: string
  remove: string[]
}

/** Containers before what they hold on to. */
async function partsOf(
  engine: ContainerEngine,
  { owner, key, names }: { owner: string; key: string | undefined; names: string[] },
  signal: AbortSignal,
): Promise<Part[]> {
  const doing = `looking for what is left of ${names[0]}`
  const filters = key
    ? ['--filter', `label=${OWNER_LABEL}=${owner}`, '--filter', `label=${KEY_LABEL}=${key}`]
    : ['--filter', `label=${OWNER_LABEL}=${owner}`, '--filter', `name=^${names[0]}`]
  const lines = async (args: string[]) =>
    (await engine.run(doing, [...args, ...filters], { signal })).split('\n').filter((line) => line !== '')
  const [containers, volumes, networks] = await Promise.all([
    lines(['ps', '--all', '--no-trunc', '--format', '{{.Names}}']),
    lines(['volume', 'ls', '--format', '{{.Name}}']),
    lines(['network', 'ls', '--no-trunc', '--format', '{{.ID}}']),
  ])
  return [
    ...containers.map((name) => ({ what: `container ${name}`, remove: ['rm', '--force', '--volumes', name] })),
    ...volumes.map((name) => ({ what: `volume ${name}`, remove: ['volume', 'rm', '--force', name] })),
    ...networks.map((network) => ({ what: `network ${network}`, remove: ['network', 'rm', network] })),
  ]
}

/** It goes with the last machine; one that is stopped counts, since it could not be started without. */
async function removeOuterNetwork(engine: ContainerEngine, owner: string, signal: AbortSignal): Promise<void> {
  const others = await engine.attempt(
    'looking for other containers',
    ['ps', '--all', '--quiet', '--filter', `label=${OWNER_LABEL}=${owner}`],
    { signal },
  )
  if (others.code === 0 && others.stdout.trim() === '')
    await engine.attempt('removing the network', ['network', 'rm', outerNetwork(owner)], { signal })
}
