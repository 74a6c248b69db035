import { createFlightProvider } from '../flight-provider.ts'

// A process that asks for one machine, for tests that kill it in the middle: node make-machine.ts HOME PROJECT KEY
const [home = '', path = '', key = ''] = process.argv.slice(2)
const workspace = { name: key, branch: `skein/${key}`, project: { id: 'p-1', name: 'shop', path } }
const machine = await createFlightProvider().create(
  { key, name: '', owner: 'o-1', settings: {}, workspace },
  {
    home,
    runnerBundle: () => Promise.reject(new Error('nobody connects')),
    log: () => undefined,
    progress: (line) => console.error(line),
    signal: new AbortController().signal,
  },
)
console.log(machine.record.name)
