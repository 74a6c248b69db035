import type { ProviderContext } from '@skein/plugin-api'
import { createDockerProvider } from '../provider.ts'

/** A process that makes a machine and is killed while it does: `create-slowly.ts HOME KEY`. */
const [home = '', key = ''] = process.argv.slice(2)
const context: ProviderContext = {
  home,
  runnerBundle: () => Promise.reject(new Error('not needed')),
  log: () => undefined,
  progress: () => undefined,
  signal: new AbortController().signal,
}
await createDockerProvider().create({ key, name: '', owner: 'tests', settings: { network: 'allow-list' } }, context)
process.stdout.write('made\n')
