import type { ApiParams, ApiResult, CallMethod, Change, MachineInfo, MachineKind } from '@skein/protocol'
import { SkeinError } from '@skein/protocol'
import { workspaces } from './fixture-workspaces.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const GB = 2 ** 30

const KINDS: MachineKind[] = [
  { kind: 'local', label: 'this computer', lifetime: 'shared', isolated: false, settings: [] },
  {
    ...{ kind: 'ssh', label: 'ssh host', lifetime: 'shared', isolated: false },
    settings: [
      { name: 'host', type: 'text', about: 'A host or an alias of your ssh_config; by default the machine’s name.' },
      { name: 'port', type: 'number', about: 'The port, where the configuration does not say.' },
      {
        name: 'node',
        type: 'text',
        about: 'How Node comes there.',
        choices: ['host', 'fetch', 'send'],
        default: 'host',
      },
    ],
  },
  {
    ...{ kind: 'docker', label: 'container', lifetime: 'workspace', isolated: true },
    settings: [
      { name: 'image', type: 'text', about: 'What it is made from.', required: true },
      { name: 'memory', type: 'text', about: 'How much memory it may use.', default: '4g' },
      { name: 'cpus', type: 'number', about: 'How many processors it may use.', default: 2 },
      {
        name: 'network',
        type: 'text',
        about: 'Whom it may reach.',
        choices: ['all', 'none', 'listed'],
        default: 'all',
      },
      { name: 'allow', type: 'list', about: 'Hosts that it may reach where the network is `listed`.', default: [] },
      { name: 'keep', type: 'flag', about: 'Keep its volume when it stops.', default: true },
    ],
  },
]

type Calls = { [M in CallMethod]?: (params: ApiParams<M>) => Promise<ApiResult<M>> }

/** Machines in every state that one can be in. `alone`: only this computer. */
export function machinesFixture(alone: boolean, tell: (change: Change) => void): { calls: Calls; initial(): Change[] } {
  const machines = new Map(all().map((machine) => [machine.id, machine]))
  if (alone) for (const id of machines.keys()) if (id !== 'local') machines.delete(id)
  const found = (id: string): MachineInfo => {
    const machine = machines.get(id)
    if (!machine) throw new SkeinError('not_found', `there is no machine ${id}`)
    return machine
  }
  const change = (id: string, to: Partial<MachineInfo>): MachineInfo => {
    const machine = { ...found(id), ...to, since: Date.now() }
    machines.set(id, machine)
    tell({ type: 'machine', machine })
    return machine
  }
  /** Answers take their time, now more, now less. */
  const beat = () => {
    for (const [id, machine] of machines)
      if (machine.heartbeatAt !== undefined && machine.state === 'connected')
        machines.set(id, {
          ...machine,
          ...{
            heartbeatAt: Date.now(),
            roundTripMs: Math.round(28 + 14 * Math.sin(Date.now() / 9000) + 6 * Math.random()),
          },
        })
  }
  return {
    initial: () => [...machines.values()].map((machine) => ({ type: 'machine', machine })),
    calls: {
      'machines.kinds': async () => KINDS,
      'machines.list': async () => {
        beat()
        return [...machines.values()]
      },
      'machines.add': async ({ kind, name, settings = {} }) => {
        await new Promise((resolve) => setTimeout(resolve, 600))
        if (name === 'nowhere')
          throw new SkeinError('unavailable', 'connecting to nowhere: there is no such host', {
            next: 'Is the name right? Try: ssh nowhere',
          })
        const template = kind === 'docker'
        const id = `${kind}:${name}`
        machines.set(id, {
          ...machine(id, { lifetime: template ? 'workspace' : 'shared', settings }),
          ...(template ? { template: true, state: 'idle', because: 'settings for machines' } : {}),
        })
        return change(id, {})
      },
      'machines.remove': async ({ machineId }) => {
        machines.delete(machineId)
        tell({ type: 'machine_gone', machineId })
        return {}
      },
      'machines.start': async ({ machineId }) => {
        change(machineId, { state: 'connecting', because: 'connecting' })
        await new Promise((resolve) => setTimeout(resolve, 900))
        return change(machineId, {
          state: 'connected',
          because: 'its runner answered (0.1.0)',
          heartbeatAt: Date.now(),
        })
      },
      'machines.stop': async ({ machineId }) => change(machineId, { state: 'stopped', because: 'stopped by a person' }),
      'machines.shell': async ({ machineId }) => ({ argv: ['ssh', '-t', machineId.replace(/^\w+:/, '')], env: {} }),
      'machines.diagnose': async () => ({
        findings: [
          {
            id: '1',
            ok: true,
            severity: 'info',
            what: 'ssh reaches it',
            detail: 'by way of the jump host gate.example.com',
          },
          { id: '2', ok: true, severity: 'info', what: 'Node 24.9.0', detail: '/usr/bin/node' },
          {
            ...{ id: '3', ok: false, severity: 'error', what: 'Claude Code is not logged in there' },
            remedy: 'Log in with: skein machine login ssh:build-7',
          },
          {
            ...{ id: '4', ok: false, severity: 'warning', what: 'The disk has 3.1 GB left' },
            remedy: 'Remove workspaces that are done: `skein ls --all`',
          },
        ],
      }),
      'machines.resources': async ({ machineId }) => ({
        ...{ cpus: 16, load: [machineId === 'local' ? 3.4 : 15.2, 6.1, 4.4], uptimeMs: 9 * 24 * 60 * MINUTE },
        ...{ memoryBytes: 64 * GB, memoryFreeBytes: (machineId === 'local' ? 21 : 4.4) * GB },
        ...{ diskBytes: 512 * GB, diskFreeBytes: 188 * GB },
        processes: [
          {
            id: `agent-${workspaces.find(({ machine }) => machine === machineId)?.sessions[0]?.id}`,
            rssBytes: 0.42 * GB,
            cpuMs: 81_000,
          },
          { id: 'service-4f1c', rssBytes: 0.11 * GB, cpuMs: 4_000 },
        ],
      }),
    },
  }
}

function machine(id: string, more: Partial<MachineInfo>): MachineInfo {
  const [kind = '', name = ''] = id.split(/:(.*)/s)
  return {
    ...{ id, kind, name, lifetime: 'shared', isolated: kind === 'docker', state: 'connected' },
    ...{ because: 'its runner answered (0.1.0)', since: Date.now() - 42 * MINUTE, settings: {} },
    ...{ workspaces: workspaces.filter((one) => one.machine === id).map((one) => one.id), running: 0 },
    ...{ platform: 'linux', arch: 'x64', runnerVersion: '0.1.0' },
    ...more,
  }
}

function all(): MachineInfo[] {
  const now = Date.now()
  const heard = { heartbeatAt: now - 2 * SECOND, roundTripMs: 31, leaseUntil: now + 14 * MINUTE }
  return [
    machine('local', { name: 'this computer', running: 2, platform: 'darwin', arch: 'arm64' }),
    machine('ssh:gpu-1', { ...heard, running: 3, settings: { host: 'gpu-1.lab.example.com' } }),
    machine('ssh:build-7', {
      ...{ state: 'reconnecting', running: 1, since: now - 4 * MINUTE, retryAt: now + 12 * SECOND },
      ...{
        because: 'the link was lost; what runs there goes on',
        heartbeatAt: now - 4 * MINUTE,
        leaseUntil: now + 11 * MINUTE,
      },
    }),
    machine('ssh:old-box', {
      ...{ state: 'unreachable', since: now - 3 * 60 * MINUTE },
      because:
        'connecting to old-box: the host key has changed. If that is right, remove the old one: ssh-keygen -R old-box.example.com',
    }),
    machine('docker:w-8x1', {
      name: 'big',
      lifetime: 'workspace',
      ...heard,
      roundTripMs: 2,
      running: 1,
      arch: 'arm64',
    }),
    machine('docker:w-9y2', {
      ...{
        name: '',
        lifetime: 'workspace',
        state: 'stopped',
        because: 'stopped by a person',
        since: now - 26 * 60 * MINUTE,
      },
      problem: 'removing the volume skein-w-9y2: it is in use. It is tried again.',
    }),
    machine('docker:big', {
      ...{ lifetime: 'workspace', template: true, state: 'idle', because: 'settings for machines' },
      settings: {
        image: 'skein/base:0.1',
        memory: '16g',
        cpus: 8,
        network: 'listed',
        allow: ['registry.example.com'],
        keep: true,
      },
    }),
  ]
}
