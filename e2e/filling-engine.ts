import { randomUUID } from 'node:crypto'
import { createEngine } from '@skein/engine'
import { claudePlugin } from '@skein/plugin-claude'
import { localPlugin } from '@skein/plugin-local'
import { version } from 'skein'
import { buildRunner } from '../scripts/build-runner.ts'
import { elsewhere } from './elsewhere.ts'

/** An engine in a process of its own that fills a pool, to be killed: `filling-engine.ts HOME REPOSITORY MACHINES`. */
const [home = '', path = '', machines = ''] = process.argv.slice(2)
const { plugin } = elsewhere(machines, { lifetime: 'workspace', takesMs: 500 })
const { api } = await createEngine({
  home,
  version,
  plugins: [localPlugin, claudePlugin, plugin],
  runnerBundle: buildRunner,
  log: () => undefined,
})
const { id: projectId } = await api.call('projects.open', { key: randomUUID(), path })
const settings = { pool: 3 }
await api.call('machines.add', { key: randomUUID(), kind: 'elsewhere', name: 'big', settings })
await api.call('machines.fill', { key: randomUUID(), machineId: 'elsewhere:big', projectId })
