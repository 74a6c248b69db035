import { join } from 'node:path'
import type { ScriptFunction } from '@skein/testkit'
import { type Elsewhere, type ElsewhereOptions, elsewhere } from './elsewhere.ts'
import { EngineWorld } from './engine-world.ts'

/** An engine that has machines beside this computer. */
export async function engineWith(script: ScriptFunction, options: (repo: string) => ElsewhereOptions) {
  let machines: Elsewhere | undefined
  const world = await EngineWorld.create(script, ({ folder }) => {
    machines = elsewhere(join(folder, 'elsewhere'), options(join(folder, 'repo')))
    return { plugins: [machines.plugin] }
  })
  if (!machines) throw new Error('the world did not ask for its machines')
  const there = machines
  return {
    world,
    there,
    async [Symbol.asyncDispose]() {
      // The engine first: it would connect again.
      await world.engine.close()
      await there.end()
      await world[Symbol.asyncDispose]()
    },
  }
}
