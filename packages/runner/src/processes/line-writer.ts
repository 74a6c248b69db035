import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readRecord, replaceFile } from '../system/durable.ts'
import { sendSignal } from '../system/family.ts'
import { identify, isAlive, type ProcessIdentity } from '../system/processes.ts'
import { systemCommand } from './executable.ts'
import { type ProcessPaths, WriterRecord } from './records.ts'
import { makeSlot, readSlot } from './slot.ts'
import { WRITER } from './wrapper.ts'

/**
 * Begins to write a long line to the process, by a process in a session of its own: a pipe takes such a line in pieces, and the
 * runner may die between two of them. Like the process's wrapper, it waits until it is known who it is.
 */
export async function startWriter(paths: ProcessPaths, epoch: number, seq: number, file: string): Promise<void> {
  rmSync(paths.writer(epoch), { force: true })
  makeSlot(paths.written(epoch))
  const writer = spawn(
    '/bin/sh',
    ['-c', WRITER, 'skein-writer', systemCommand('cat'), file, paths.input(epoch), paths.written(epoch)],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {}, cwd: '/' },
  )
  writer.stdin.on('error', () => {})
  await once(writer, 'spawn')
  const identity = writer.pid === undefined ? undefined : identify(writer.pid)
  try {
    if (identity) replaceFile(paths.writer(epoch), JSON.stringify({ seq, identity }))
    writer.stdin.end('go\n')
  } finally {
    // Where `go` was not said, the end of the stream ends it.
    writer.stdin.end()
  }
  writer.unref()
}

export function findWriter(paths: ProcessPaths, epoch: number): ProcessIdentity | undefined {
  return readRecord(paths.writer(epoch), WriterRecord)?.identity
}

/** `nothing`: not a byte was written. `torn`: the writer died within the line, or before it could tell that it was through. */
export type WriterEnd = 'done' | 'nothing' | 'torn'

/** Waits until the writer is done or dead. */
export async function writerEnd(
  paths: ProcessPaths,
  epoch: number,
  writer: ProcessIdentity | undefined,
  signal: AbortSignal,
): Promise<WriterEnd> {
  for (let pause = 1; writer && isAlive(writer) && !signal.aborted; pause = Math.min(pause * 2, 100)) {
    if (readSlot(paths.written(epoch)) === 'done') break
    await sleep(pause, undefined, { signal }).catch(() => {})
  }
  const told = readSlot(paths.written(epoch))
  return told === 'done' ? 'done' : told === undefined ? 'nothing' : 'torn'
}

/** Ends a writer whose reader is gone; one that waits for a reader would wait for ever. */
export function killWriter(paths: ProcessPaths, epoch: number): void {
  const writer = findWriter(paths, epoch)
  if (writer && isAlive(writer)) sendSignal(-writer.pid, 'SIGKILL')
}
