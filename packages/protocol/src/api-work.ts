import * as z from 'zod'
import { command, none, query, subscription } from './api-define.ts'

/** What runs in a workspace beside its agents: checks, services, terminals, and previews of ports. */

export const CheckRun = z.object({
  id: z.string(),
  workspaceId: z.string(),
  name: z.string(),
  /** `error`: it could not be run, or nobody knows how it ended. */
  state: z.enum(['running', 'passed', 'failed', 'cancelled', 'error']),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  exitCode: z.number().int().optional(),
  /** Why it was run: asked for, a turn ended, or the agent had been given a failure to mend. */
  cause: z.enum(['person', 'turn', 'fix']),
  turnId: z.string().optional(),
  /** Which attempt to mend it this was; 0 when none. */
  round: z.number().int(),
  /** One line. */
  note: z.string().optional(),
})
export type CheckRun = z.infer<typeof CheckRun>

/** A command of `skein.json`'s `checks`, in one workspace. */
export const Check = z.object({
  workspaceId: z.string(),
  name: z.string(),
  run: z.string(),
  /** Run after each turn that changed something. */
  afterTurn: z.boolean(),
  /** A failure is sent to the agent by itself, at most so often in a row; 0: never. */
  fixRounds: z.number().int(),
  last: CheckRun.optional(),
})
export type Check = z.infer<typeof Check>

/** A program of `skein.json`'s `services`, in one workspace. */
export const Service = z.object({
  workspaceId: z.string(),
  name: z.string(),
  run: z.string(),
  port: z.number().int().optional(),
  /** `starting`: its port does not answer yet. `failed`: it ended by itself with an error. */
  state: z.enum(['stopped', 'starting', 'running', 'unhealthy', 'exited', 'failed']),
  because: z.string(),
  pid: z.number().int().optional(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  exitCode: z.number().int().optional(),
  /** Of the whole process tree, when it was last looked at. */
  rssBytes: z.number().optional(),
  /** Starts so far; each has a log of its own. */
  epoch: z.number().int(),
})
export type Service = z.infer<typeof Service>

export const Terminal = z.object({
  id: z.string(),
  workspaceId: z.string(),
  title: z.string(),
  createdAt: z.number(),
  state: z.enum(['open', 'exited']),
  exitCode: z.number().int().optional(),
})
export type Terminal = z.infer<typeof Terminal>

export const ListeningPort = z.object({
  port: z.number().int(),
  /** The service that listens there, or which of the agents, terminals or checks. */
  by: z.string().optional(),
})
export type ListeningPort = z.infer<typeof ListeningPort>

/** A part of a log. `offset` counts characters from its beginning; a reader that has some of it skips the overlap. */
export const LogPart = z.object({
  offset: z.number().int().nonnegative(),
  text: z.string(),
  /** Of a service: which of its starts printed it. Each has a log of its own, so offsets begin anew. */
  epoch: z.number().int().optional(),
})
export type LogPart = z.infer<typeof LogPart>

const workspace = { workspaceId: z.string() }
const named = { ...workspace, name: z.string() }
const size = { cols: z.number().int().min(1).max(1000), rows: z.number().int().min(1).max(1000) }

export const workMethods = {
  'checks.list': query('The checks of a workspace, with their last runs.', z.object(workspace), z.array(Check)),
  'checks.runs': query(
    'Runs of a workspace’s checks, the newest first.',
    z.object({ ...workspace, name: z.string().optional(), limit: z.number().int().positive().max(500).optional() }),
    z.array(CheckRun),
  ),
  'checks.run': command(
    'Runs checks, all by default; one that runs already is not started twice. Answers at once.',
    { ...workspace, names: z.array(z.string()).optional() },
    z.array(CheckRun),
  ),
  'checks.cancel': command('Ends a check that runs.', { runId: z.string() }, CheckRun),
  'checks.log': subscription(
    'What a check printed, from its beginning and on while it runs.',
    z.object({ runId: z.string() }),
    LogPart,
  ),
  'checks.fix': command(
    'Sends a failed check’s output to the agent.',
    { runId: z.string(), sessionId: z.string().optional() },
    z.object({ messageId: z.string() }),
  ),
  'checks.configure': command(
    'Other settings than `skein.json`’s for one workspace.',
    { ...named, afterTurn: z.boolean().optional(), fixRounds: z.number().int().min(0).max(10).optional() },
    Check,
  ),

  'services.list': query('The services of a workspace.', z.object(workspace), z.array(Service)),
  'services.start': command('Starts a service; one that runs stays as it is.', named, Service),
  'services.stop': command('Stops a service and all that belongs to it.', named, Service),
  'services.restart': command('Stops a service and starts it.', named, Service),
  'services.log': subscription('What a service printed since its last start, and on.', z.object(named), LogPart),
  'ports.list': query(
    'TCP ports on which a workspace’s processes listen.',
    z.object(workspace),
    z.array(ListeningPort),
  ),
  'previews.open': command(
    'A URL, on an origin of its own, that shows what listens on a port of the workspace’s machine. It works once; the browser that opens it may go on.',
    { ...workspace, port: z.number().int().min(1).max(65_535), path: z.string().startsWith('/').optional() },
    z.object({ url: z.string() }),
  ),

  'terminals.list': query('The terminals of a workspace.', z.object(workspace), z.array(Terminal)),
  'terminals.open': command(
    'A shell in a workspace.',
    { ...workspace, ...size, title: z.string().optional() },
    Terminal,
  ),
  'terminals.input': command(
    'Keys typed into a terminal, in the order of the calls.',
    { terminalId: z.string(), data: z.string() },
    none,
  ),
  'terminals.resize': command('Another size of a terminal.', { terminalId: z.string(), ...size }, none),
  'terminals.rename': command(
    'Another title of a terminal.',
    { terminalId: z.string(), title: z.string().min(1).max(100) },
    Terminal,
  ),
  'terminals.close': command('Ends a terminal and what runs in it.', { terminalId: z.string() }, none),
  'terminals.follow': subscription(
    'What a terminal shows: first `reset` with what its buffer holds, then each output as it comes.',
    z.object({ terminalId: z.string() }),
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('reset'), data: z.string() }),
      z.object({ type: z.literal('data'), data: z.string() }),
      z.object({ type: z.literal('exit'), code: z.number().int().nullable() }),
    ]),
  ),
} as const
