import * as z from 'zod'
import { command, none, query } from './api-define.ts'
import { Finding } from './api-model.ts'

/** Compute that runners run on: this computer, ssh hosts, containers, whatever a plugin provides. */

/** One of a provider's settings, so that forms, flags and checks need not know the kind. */
export const MachineSetting = z.object({
  name: z.string(),
  type: z.enum(['text', 'number', 'flag', 'list']),
  about: z.string(),
  required: z.boolean().optional(),
  default: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).optional(),
  choices: z.array(z.string()).optional(),
})
export type MachineSetting = z.infer<typeof MachineSetting>

export const MachineKind = z.object({
  kind: z.string(),
  label: z.string(),
  /** `shared`: stays when its workspaces go. `workspace`: made for one and destroyed with it. */
  lifetime: z.enum(['shared', 'workspace']),
  isolated: z.boolean(),
  settings: z.array(MachineSetting),
})
export type MachineKind = z.infer<typeof MachineKind>

/**
 * `idle`: known, and nobody has needed it yet. `connecting`: for the first time. `reconnecting`: the link was lost; agents
 * there work on. `unreachable`: it could not be connected, and why a person should look.
 */
export const MachineState = z.enum(['idle', 'connecting', 'connected', 'reconnecting', 'unreachable', 'stopped'])
export type MachineState = z.infer<typeof MachineState>

/** Machines that are made ahead of the workspaces of one project. */
export const MachinePool = z.object({
  projectId: z.string(),
  projectName: z.string(),
  /** How many there are to be. */
  size: z.number().int(),
  ready: z.number().int(),
  preparing: z.number().int(),
  /** Why the last one could not be made, until one could. */
  problem: z.string().optional(),
  /** When it is tried again. */
  retryAt: z.number().optional(),
})
export type MachinePool = z.infer<typeof MachinePool>

/** One of the services that a project's monitor tells of; see docs/flight.md. */
export const MonitoredService = z.object({
  name: z.string(),
  status: z.string(),
  health: z.enum(['healthy', 'warning', 'critical']),
  metrics: z.array(z.object({ label: z.string(), value: z.string() })),
})
export type MonitoredService = z.infer<typeof MonitoredService>

/** What a project's monitor says, the worst first, or why it said nothing. */
export const Monitored = z.object({ services: z.array(MonitoredService), error: z.string().optional() })
export type Monitored = z.infer<typeof Monitored>

export const MachineInfo = z.object({
  /** What `--on` takes: `local`, `ssh:build-box`. */
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  lifetime: z.enum(['shared', 'workspace']),
  isolated: z.boolean(),
  /** No machine itself: settings under a name, from which machines are made for workspaces. */
  template: z.boolean().optional(),
  /** Of such settings: the machines that are made with them ahead of workspaces. */
  pools: z.array(MachinePool).optional(),
  /** It waits for a workspace of this project, and was made with these settings. */
  pool: z.object({ template: z.string(), projectId: z.string(), ready: z.boolean() }).optional(),
  state: MachineState,
  because: z.string(),
  since: z.number(),
  /** When the next try to connect is due. */
  retryAt: z.number().optional(),
  /** Ids of the workspaces that are there. */
  workspaces: z.array(z.string()),
  /** Agent processes that run there, as the store knows. */
  running: z.number().int(),
  heartbeatAt: z.number().optional(),
  roundTripMs: z.number().optional(),
  /** When the machine stops agents by itself if this server is not heard of again. */
  leaseUntil: z.number().optional(),
  platform: z.string().optional(),
  arch: z.string().optional(),
  runnerVersion: z.string().optional(),
  settings: z.record(z.string(), z.unknown()),
  /** A failure to destroy it that is retried. */
  problem: z.string().optional(),
})
export type MachineInfo = z.infer<typeof MachineInfo>

export const MachineResources = z.object({
  cpus: z.number().int(),
  /** Over one minute, five, fifteen. */
  load: z.array(z.number()),
  memoryBytes: z.number(),
  memoryFreeBytes: z.number(),
  diskBytes: z.number(),
  diskFreeBytes: z.number(),
  uptimeMs: z.number(),
})
export type MachineResources = z.infer<typeof MachineResources>

const id = { machineId: z.string() }

export const machineMethods = {
  'machines.kinds': query('The kinds of machine that plugins provide.', none, z.array(MachineKind)),
  'machines.list': query('The machines that are known.', none, z.array(MachineInfo)),
  'machines.add': command(
    'Makes a machine known under `kind:name`, or changes its settings; a shared one is connected to.',
    { kind: z.string(), name: z.string(), settings: z.record(z.string(), z.unknown()).optional() },
    MachineInfo,
  ),
  'machines.remove': command(
    'Forgets a machine that has no workspaces; one that was made for a workspace is destroyed.',
    id,
    none,
  ),
  'machines.diagnose': query(
    'What a machine has and lacks, with remedies.',
    z.object(id),
    z.object({ findings: z.array(Finding) }),
  ),
  'machines.start': command('Starts a machine that was stopped, and connects to it.', id, MachineInfo),
  'machines.stop': command(
    'Stops a machine; agents there end, and are resumed when it is started again.',
    id,
    MachineInfo,
  ),
  'machines.resources': query(
    'What a machine has left, and what Skein’s processes there use.',
    z.object(id),
    MachineResources.extend({
      processes: z.array(z.object({ id: z.string(), rssBytes: z.number(), cpuMs: z.number() })),
    }),
  ),
  'machines.monitor': query(
    'What the project’s own monitor says of its services, for a workspace; `monitored` is absent where the project has none.',
    z.object({ workspaceId: z.string() }),
    z.object({ monitored: Monitored.optional() }),
  ),
  'machines.fill': command(
    'Makes the machines ahead that `pool` of these settings wants, for a project’s workspaces to come. Answers at once.',
    { ...id, projectId: z.string() },
    MachineInfo,
  ),
  'machines.shell': query(
    'A command of this computer that gives a shell on the machine, for a terminal of the person’s own.',
    z.object({ ...id, command: z.string().optional() }),
    z.object({ argv: z.array(z.string()), env: z.record(z.string(), z.string()) }),
  ),
} as const
