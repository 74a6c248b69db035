import * as z from 'zod'
import { MachineResources } from './api-machines.ts'
import { gitMethods } from './git.ts'

/**
 * What crosses the stream between the engine and a machine's runner: requests (`runnerMethods`), and notifications from the
 * runner (`runnerNotifications`). The runner knows nothing about agents; whatever it must notice in their output is given to
 * it as data.
 */

export const RUNNER_PROTOCOL = 1

/** A file name on the machine; names the process's own folder too, so it is restricted. */
export const ProcessId = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/)

/** A position in a process's output: bytes from the start of the journal of its `epoch`th start. */
export const Cursor = z.object({ epoch: z.number().int().positive(), offset: z.number().int().nonnegative() })
export type Cursor = z.infer<typeof Cursor>

const method = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R) => ({ params, result })
const nothing = z.object({})
export const Nothing = nothing

export const ProcessSpec = z.object({
  id: ProcessId,
  /** 1 for the first start, one more for each later one. Asking again for an epoch that was started answers what it is. */
  epoch: z.number().int().positive(),
  argv: z.array(z.string()).min(1),
  cwd: z.string(),
  /** The whole environment; nothing of the runner's own is inherited. */
  env: z.record(z.string(), z.string()),
  /**
   * `lines`: stdin is the FIFO that `process.input` writes to, and each input is one line of JSON.
   * `script`: stdin is `stdin` below or empty; stdout and stderr go to the journal together.
   */
  kind: z.enum(['lines', 'script']),
  stdin: z.string().optional(),
  /** Files written (0600) into the process's folder before the start; `{dir}` in argv and env stands for that folder. */
  files: z.record(z.string().regex(/^[a-zA-Z0-9._-]{1,64}$/), z.string()).optional(),
  /** Handed over through pipes on these descriptors, and kept nowhere. */
  secretFds: z.record(z.string().regex(/^[3-9]$/), z.string()).optional(),
  /** Output lines that contain one of these are synced to the disk at once; the rest within a second. */
  syncOn: z.array(z.string()).optional(),
  /** How the runner can tell that the process is at work, for leases: the last line that contained either kind decides. */
  activity: z.object({ busy: z.array(z.string()), idle: z.array(z.string()) }).optional(),
  /** Written to stdin when a lease's hard limit has come, before the process is stopped. */
  interruptLine: z.string().optional(),
  /** Work trees to snapshot before the process is stopped by a lease that ran out: path and ref. */
  snapshotOnExpiry: z.array(z.object({ path: z.string(), ref: z.string() })).optional(),
  /** Ends the process (its whole group) after this long, milliseconds. */
  timeoutMs: z.number().int().positive().optional(),
  /** Whether what left the group and its parents still belongs to it, and ends with it. Always so for `lines`. */
  strays: z.boolean().optional(),
})
export type ProcessSpec = z.infer<typeof ProcessSpec>

export const ProcessExit = z.object({
  /** null: ended by a signal, or unknown. */
  code: z.number().int().nullable(),
  signal: z.string().optional(),
  /** Why it ended, where the runner knows: `stopped` on request, `timeout`, `lease`, `lost` (nothing recorded its exit). */
  reason: z.enum(['exited', 'stopped', 'timeout', 'lease', 'lost', 'torn_input', 'start_failed']),
  message: z.string().optional(),
  /** Unix milliseconds; for `lost`, when it was noticed. */
  at: z.number(),
  /** The last 4 KiB of stderr (of `lines` processes). */
  stderrTail: z.string().optional(),
})
export type ProcessExit = z.infer<typeof ProcessExit>

export const ProcessStatus = z.object({
  id: ProcessId,
  epoch: z.number().int(),
  kind: z.enum(['lines', 'script']),
  state: z.enum(['running', 'exited']),
  pid: z.number().int().optional(),
  startedAt: z.number(),
  /** Bytes in the journal of this epoch. */
  size: z.number().int(),
  /** Bytes at the start of this epoch's journal that were freed after being acknowledged. */
  freed: z.number().int(),
  acked: Cursor.optional(),
  busy: z.boolean().optional(),
  exit: ProcessExit.optional(),
  /** Inputs accepted and not yet handed to the process. */
  pendingInputs: z.number().int(),
})
export type ProcessStatus = z.infer<typeof ProcessStatus>

export const ProcessResources = z.object({
  id: ProcessId,
  /** Of the whole process tree. */
  rssBytes: z.number(),
  cpuMs: z.number(),
  processes: z.number().int(),
})
export type ProcessResources = z.infer<typeof ProcessResources>

const path = z.string().startsWith('/')

export const ExecResult = z.object({
  code: z.number().int().nullable(),
  signal: z.string().optional(),
  stdout: z.string(),
  stderr: z.string(),
  /** Output beyond `maxOutput` was dropped. */
  truncated: z.boolean(),
  timedOut: z.boolean(),
})
export type ExecResult = z.infer<typeof ExecResult>

/** As git's credential helpers are asked. */
export const CredentialWanted = z.object({
  protocol: z.string(),
  host: z.string(),
  path: z.string().optional(),
  username: z.string().optional(),
})
export type CredentialWanted = z.infer<typeof CredentialWanted>

export const runnerMethods = {
  hello: method(
    z.object({ protocol: z.array(z.number().int()), client: z.string(), clientVersion: z.string() }),
    z.object({
      protocol: z.number().int(),
      version: z.string(),
      /** SHA-256 of the runner's bundle, or `source` when it runs from a checkout. */
      sha256: z.string(),
      /** Differs after each boot of the machine. */
      bootId: z.string(),
      /** Differs after each start of the runner. */
      daemonId: z.string(),
      pid: z.number().int(),
      now: z.number(),
      /** The runner's state folder; workspaces and repositories of the machine lie beside it. */
      dir: z.string(),
      platform: z.string(),
      arch: z.string(),
      home: z.string(),
      /** The user's PATH as a login shell sets it. */
      path: z.string(),
      /** The user's login shell. */
      shell: z.string().optional(),
      root: z.boolean(),
      features: z.array(z.string()),
    }),
  ),
  /** Starts another version, which takes over the socket; processes never notice. Resolves once the other one answers. */
  'runner.upgrade': method(z.object({ bundle: path }), nothing),
  'runner.shutdown': method(z.object({ processes: z.enum(['keep', 'stop']) }), nothing),

  'process.start': method(ProcessSpec, ProcessStatus),
  /** Hands one line to a `lines` process, exactly once for each key, in the order of acceptance. */
  'process.input': method(
    z.object({
      id: ProcessId,
      epoch: z.number().int(),
      key: z.string().regex(/^[a-zA-Z0-9._:-]{1,200}$/),
      line: z.string().optional(),
      blob: z.string().optional(),
    }),
    z.object({ state: z.enum(['accepted', 'done']) }),
  ),
  'process.status': method(z.object({ id: ProcessId }), ProcessStatus.nullable()),
  'process.list': method(nothing, z.array(ProcessStatus)),
  'process.signal': method(
    z.object({ id: ProcessId, signal: z.enum(['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) }),
    nothing,
  ),
  /** Ends the process and everything in its group: end of input, then TERM, then KILL. Resolves when it is gone. */
  'process.stop': method(
    z.object({ id: ProcessId, graceMs: z.number().int().nonnegative() }),
    ProcessStatus.nullable(),
  ),
  /** Begins `process.data` notifications from the cursor on; `sub` is chosen by the client. `quiet`: ends and epochs only. */
  'process.subscribe': method(
    z.object({
      sub: z.number().int(),
      id: ProcessId,
      from: z.union([Cursor, z.enum(['start', 'tail'])]),
      quiet: z.boolean().optional(),
    }),
    nothing,
  ),
  'process.unsubscribe': method(z.object({ sub: z.number().int() }), nothing),
  /** "All before this is durable with me": it may be freed. */
  'process.ack': method(z.object({ id: ProcessId, cursor: Cursor }), nothing),
  /** Removes all that is kept of a process that has ended. */
  'process.forget': method(z.object({ id: ProcessId }), nothing),
  'process.resources': method(z.object({ ids: z.array(ProcessId).optional() }), z.array(ProcessResources)),

  /** A short command, run to its end. With a key, asking again answers what the first run gave. */
  exec: method(
    z.object({
      argv: z.array(z.string()).min(1),
      cwd: z.string().optional(),
      env: z.record(z.string(), z.string()).optional(),
      stdin: z.string().optional(),
      timeoutMs: z.number().int().positive().optional(),
      maxOutput: z.number().int().positive().optional(),
      key: z.string().optional(),
    }),
    ExecResult,
  ),

  'pty.open': method(
    z.object({
      id: ProcessId,
      argv: z.array(z.string()).min(1),
      cwd: z.string(),
      env: z.record(z.string(), z.string()),
      cols: z.number().int(),
      rows: z.number().int(),
    }),
    z.object({ pid: z.number().int() }),
  ),
  /** Begins `pty.data` notifications, first what the ring buffer holds. `quiet`: its end only. */
  'pty.attach': method(z.object({ sub: z.number().int(), id: ProcessId, quiet: z.boolean().optional() }), nothing),
  'pty.detach': method(z.object({ sub: z.number().int() }), nothing),
  'pty.input': method(z.object({ id: ProcessId, data: z.string() }), nothing),
  'pty.resize': method(z.object({ id: ProcessId, cols: z.number().int(), rows: z.number().int() }), nothing),
  'pty.close': method(z.object({ id: ProcessId }), nothing),
  'pty.list': method(
    nothing,
    z.array(z.object({ id: ProcessId, pid: z.number().int(), cwd: z.string(), title: z.string().optional() })),
  ),

  'fs.stat': method(
    z.object({ path }),
    z
      .object({
        type: z.enum(['file', 'directory', 'link', 'other']),
        size: z.number(),
        mode: z.number().int(),
        mtimeMs: z.number(),
      })
      .nullable(),
  ),
  'fs.list': method(
    z.object({ path }),
    z.array(z.object({ name: z.string(), type: z.enum(['file', 'directory', 'link', 'other']) })),
  ),
  /** At most 512 KiB a call. */
  'fs.read': method(
    z.object({ path, offset: z.number().int().nonnegative(), length: z.number().int().positive() }),
    z.object({ base64: z.string(), eof: z.boolean() }),
  ),
  /** Replaces the whole file, atomically; missing folders are made. */
  'fs.write': method(z.object({ path, base64: z.string(), mode: z.number().int().optional() }), nothing),
  'fs.remove': method(z.object({ path }), nothing),
  /** One part of a blob; the last part (`done`) checks the hash and answers where the blob lies. */
  'blob.put': method(
    z.object({
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      offset: z.number().int().nonnegative(),
      base64: z.string(),
      done: z.boolean(),
    }),
    z.object({ path: z.string().optional(), have: z.number().int() }),
  ),

  /** "Ask me for git's credentials": by `credential.wanted`. Answers the helper to be set as `credential.helper` of clones. */
  'credential.offer': method(nothing, z.object({ helper: z.string() })),
  /** Asked by git on the machine; empty where nobody knows. */
  'credential.get': method(
    CredentialWanted,
    z.object({ username: z.string().optional(), password: z.string().optional() }),
  ),
  'credential.answer': method(
    z.object({ id: z.string(), username: z.string().optional(), password: z.string().optional() }),
    nothing,
  ),
  /** What the machine has, and has left. */
  'machine.resources': method(nothing, MachineResources),
  'ports.listening': method(
    z.object({ ids: z.array(ProcessId).optional() }),
    z.array(
      z.object({
        port: z.number().int(),
        address: z.string(),
        pid: z.number().int().optional(),
        process: ProcessId.optional(),
      }),
    ),
  ),
  /** `count` successive ports that nothing listens on, at or after `from`, none of which is in `taken`. */
  'ports.free': method(
    z.object({
      from: z.number().int(),
      to: z.number().int(),
      count: z.number().int().positive(),
      taken: z.array(z.number().int()),
    }),
    z.object({ port: z.number().int() }),
  ),

  /** The dead-man switch; see `docs/runner.md`. */
  'lease.renew': method(
    z.object({
      ttlMs: z.number().int().positive(),
      hardMs: z.number().int().positive(),
      onEnd: z.enum(['stop_agents', 'exit']),
    }),
    z.object({ expiresInMs: z.number() }),
  ),

  ...gitMethods,
} as const

/**
 * From the client: "all of this subscription before `to` is consumed". The runner keeps at most `SUBSCRIPTION_WINDOW` bytes
 * of one subscription on their way, so that a slow reader slows nobody else on the same stream.
 */
export const runnerClientNotifications = {
  'process.credit': z.object({ sub: z.number().int(), epoch: z.number().int(), to: z.number().int() }),
  /** So many characters of a terminal's output are consumed; at most `TERMINAL_WINDOW` are on their way. */
  'pty.credit': z.object({ sub: z.number().int(), chars: z.number().int().nonnegative() }),
} as const
export const SUBSCRIPTION_WINDOW = 1024 * 1024
export const TERMINAL_WINDOW = 512 * 1024

export type RunnerMethods = typeof runnerMethods
export type RunnerMethod = keyof RunnerMethods
export type RunnerParams<M extends RunnerMethod> = z.input<RunnerMethods[M]['params']>
export type RunnerResult<M extends RunnerMethod> = z.output<RunnerMethods[M]['result']>

export const runnerNotifications = {
  /** Journal bytes [from, to) of an epoch. `text` is their UTF-8, cut at the end of a line wherever the line ends within 256 KiB. */
  'process.data': z.object({
    sub: z.number().int(),
    epoch: z.number().int(),
    from: z.number().int(),
    to: z.number().int(),
    text: z.string(),
  }),
  /** All of the epoch's output has been sent and it will have no more. */
  'process.exit': z.object({ sub: z.number().int(), epoch: z.number().int(), exit: ProcessExit }),
  /** The journal does not have what the cursor asked for: after a crash of the host it ends at `have`; or it was freed up to `have`. */
  'process.gap': z.object({
    sub: z.number().int(),
    epoch: z.number().int(),
    have: z.number().int(),
    why: z.enum(['host_crash', 'freed']),
  }),
  /** A new epoch of a subscribed process begins. */
  'process.epoch': z.object({ sub: z.number().int(), epoch: z.number().int() }),
  /** `reset`: what was shown before is void; this begins with the oldest that is still there. */
  'pty.data': z.object({ sub: z.number().int(), data: z.string(), reset: z.boolean().optional() }),
  'pty.exit': z.object({ sub: z.number().int(), code: z.number().int().nullable() }),
  /** Git on the machine wants credentials; to one that offered some, who is to answer with `credential.answer`. */
  'credential.wanted': CredentialWanted.extend({ id: z.string() }),
  /** The disk is nearly full, a lease is near its end: something a person should hear of. */
  'runner.notice': z.object({
    severity: z.enum(['info', 'warning', 'error']),
    code: z.string(),
    title: z.string(),
    detail: z.string().optional(),
  }),
} as const
export type RunnerNotifications = { [N in keyof typeof runnerNotifications]: z.infer<(typeof runnerNotifications)[N]> }
