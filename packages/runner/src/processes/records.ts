import { join } from 'node:path'
import { Cursor, ProcessExit, ProcessSpec } from '@skein/protocol'
import * as z from 'zod'
import { ProcessIdentity } from '../system/processes.ts'

/** What is kept on the disk of one process, `s/<id>/`. Names that carry an epoch belong to that start of the process. */
export function processPaths(dir: string) {
  const inbox = join(dir, 'inbox')
  return {
    dir,
    /** The caller's own files; `{dir}` in argv and env. */
    files: join(dir, 'files'),
    inbox,
    done: join(inbox, 'done'),
    ack: join(dir, 'ack.json'),
    journal: (epoch: number) => join(dir, `out.${epoch}.ndjson`),
    errors: (epoch: number) => join(dir, `err.${epoch}.log`),
    freed: (epoch: number) => join(dir, `freed.${epoch}.json`),
    /** How it ended; written once, when nothing of it lives any more. */
    exit: (epoch: number) => join(dir, `exit.${epoch}.json`),
    spec: (epoch: number) => join(dir, `spec.${epoch}.json`),
    /** Who runs it; written before it is let go, so that no start is ever forgotten. */
    proc: (epoch: number) => join(dir, `proc.${epoch}.json`),
    stopping: (epoch: number) => join(dir, `stopping.${epoch}.json`),
    input: (epoch: number) => join(dir, `in.${epoch}`),
    stdin: (epoch: number) => join(dir, `stdin.${epoch}`),
    /** Filled in by the wrapper: the agent's pid, then its exit status. */
    pid: (epoch: number) => join(dir, `pid.${epoch}`),
    status: (epoch: number) => join(dir, `status.${epoch}`),
    /** Filled in around each delivery; see `delivery.ts`. */
    attempt: (epoch: number) => join(dir, `attempt.${epoch}`),
    writer: (epoch: number) => join(dir, `writer.${epoch}.json`),
    written: (epoch: number) => join(dir, `written.${epoch}`),
  }
}
export type ProcessPaths = ReturnType<typeof processPaths>

/** Of `dir`'s names, those that only a living epoch needs. */
export const LIVING_FILES = [
  'spec',
  'proc',
  'stopping',
  'input',
  'stdin',
  'pid',
  'status',
  'attempt',
  'writer',
  'written',
] as const

/** A spec without its secrets: names of variables instead of values, no stdin, no files. */
export const SpecRecord = ProcessSpec.omit({ env: true, stdin: true, files: true, secretFds: true }).extend({
  envNames: z.array(z.string()),
  startedAt: z.number(),
  /** The machine's uptime at the start, seconds; a wall clock may jump. */
  startedUptime: z.number(),
  /** Whether the FIFO's modification time tells that it was written to. */
  tellsWrites: z.boolean(),
})
export type SpecRecord = z.infer<typeof SpecRecord>

export const StopReason = z.enum(['stopped', 'timeout', 'lease', 'torn_input'])
export type StopReason = z.infer<typeof StopReason>
export const StoppingRecord = z.object({ reason: StopReason, message: z.string().optional() })
export type StoppingRecord = z.infer<typeof StoppingRecord>

/** What stays of an epoch after its end. */
export const EndRecord = z.object({
  epoch: z.number().int(),
  kind: z.enum(['lines', 'script']),
  startedAt: z.number(),
  size: z.number().int(),
  exit: ProcessExit,
})
export type EndRecord = z.infer<typeof EndRecord>

export const AckRecord = Cursor
export const FreedRecord = z.object({ freed: z.number().int() })

export const InboxEntry = z.object({
  seq: z.number().int(),
  epoch: z.number().int(),
  /** The line with its newline; absent when it lies in a file of its own beside this one. */
  line: z.string().optional(),
})

export const WriterRecord = z.object({ seq: z.number().int(), identity: ProcessIdentity })
