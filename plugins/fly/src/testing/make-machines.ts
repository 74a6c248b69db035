import type { MachineSpec } from '@skein/plugin-api'
import { buildRunner } from '../../../../scripts/build-runner.ts'
import { createFlyProvider } from '../provider.ts'

// Makes machines, one after the other, until it is killed: a caller in a process of its own.

const { home, token, specs } = JSON.parse(process.argv[2] ?? '{}') as {
  home: string
  token: string
  specs: MachineSpec[]
}
const context = {
  home,
  runnerBundle: buildRunner,
  log: () => undefined,
  progress: () => undefined,
  signal: new AbortController().signal,
}
const provider = createFlyProvider({ token })
for (const spec of specs) {
  const machine = await provider.create(spec, context)
  await machine.destroy()
}
