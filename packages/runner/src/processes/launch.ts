import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { type ProcessSpec, SkeinError } from '@skein/protocol'
import { makePrivateFolder, replaceFile, writeDurably } from '../system/durable.ts'
import { identify, type ProcessIdentity } from '../system/processes.ts'
import { findExecutable, systemCommand, whyNotStartable } from './executable.ts'
import { makeFifo } from './fifo.ts'
import type { ProcessPaths, SpecRecord } from './records.ts'
import { makeSlot } from './slot.ts'
import { STARTER, wrapperScript } from './wrapper.ts'

/** More than this does not fit into a socket and a pipe that nobody reads yet. */
const LONGEST_SECRET = 32 * 1024

/** It could not be started, for a reason that a person can act on. */
export class StartFailed extends Error {}

export interface Launched {
  spec: SpecRecord
  identity: ProcessIdentity
}

/** The variable that all of an agent's descendants carry, whatever sessions they make. */
export const familyVariable = (dir: string, epoch: number) => `__SKEIN_FAMILY=${dir}#${epoch}`

/** Starts one epoch. When it returns, the wrapper is known to whoever comes after us, and has been told to go. */
export async function launch(spec: ProcessSpec, paths: ProcessPaths): Promise<Launched> {
  checkSecrets(spec)
  const argv = spec.argv.map((argument) => argument.replaceAll('{dir}', paths.files))
  const env = environmentOf(spec, paths)
  const [name = ''] = argv
  const why = whyNotStartable(name, env.PATH, spec.cwd)
  if (why !== undefined) throw new StartFailed(`starting ${name}: ${why}`)

  const record = await prepare(spec, paths)
  const executable = findExecutable(name, env.PATH, spec.cwd) ?? name
  let wrapper: ChildProcess | undefined
  try {
    wrapper = spawnWrapper(spec, [executable, ...argv.slice(1)], env, paths)
    await once(wrapper, 'spawn')
    const identity = wrapper.pid === undefined ? undefined : identify(wrapper.pid)
    if (!identity) throw new Error('its wrapper ended at once')
    await writeDurably(paths.proc(spec.epoch), JSON.stringify(identity))
    for (const [fd, secret] of Object.entries(spec.secretFds ?? {})) await send(wrapper.stdio[Number(fd)], secret)
    await send(wrapper.stdin, 'go\n')
    wrapper.unref()
    return { spec: record, identity }
  } catch (error) {
    // Without `go` the wrapper ends; what it was to start was never started.
    wrapper?.stdin?.destroy()
    wrapper?.kill('SIGKILL')
    rmSync(paths.proc(spec.epoch), { force: true })
    if (isRefusal(error)) throw new StartFailed(`starting ${name}: ${(error as Error).message}`)
    throw error
  }
}

/** Everything the process needs on the disk, made before it. */
async function prepare(spec: ProcessSpec, paths: ProcessPaths): Promise<SpecRecord> {
  const { epoch } = spec
  for (const folder of [paths.dir, paths.files, paths.inbox, paths.done]) makePrivateFolder(folder)
  for (const [name, content] of Object.entries(spec.files ?? {})) replaceFile(join(paths.files, name), content)
  for (const stale of [paths.stopping(epoch), paths.writer(epoch)]) rmSync(stale, { force: true })
  for (const slot of [paths.pid(epoch), paths.status(epoch), paths.attempt(epoch)]) makeSlot(slot)
  writeFileSync(paths.journal(epoch), '', { mode: 0o600 })
  writeFileSync(paths.errors(epoch), '', { mode: 0o600 })
  let tellsWrites = false
  if (spec.kind === 'lines') tellsWrites = (await makeFifo(paths.input(epoch))).tellsWrites
  else writeFileSync(paths.stdin(epoch), spec.stdin ?? '', { mode: 0o600 })

  const { env, stdin: _stdin, files: _files, secretFds: _secrets, ...rest } = spec
  const record = {
    ...rest,
    envNames: Object.keys(env),
    startedAt: Date.now(),
    startedUptime: uptime(),
    tellsWrites,
  }
  replaceFile(paths.spec(epoch), JSON.stringify(record))
  return record
}

function spawnWrapper(
  spec: ProcessSpec,
  argv: string[],
  env: Record<string, string>,
  paths: ProcessPaths,
): ChildProcess {
  const secretFds = Object.keys(spec.secretFds ?? {}).sort()
  const stdio: ('pipe' | 'ignore')[] = ['pipe', 'ignore', 'ignore']
  for (const fd of secretFds.map(Number)) {
    while (stdio.length < fd) stdio.push('ignore')
    stdio[fd] = 'pipe'
  }
  const wrapper = spawn(
    '/bin/sh',
    [
      '-c',
      wrapperScript(spec.kind, secretFds),
      'skein-wrapper',
      paths.dir,
      String(spec.epoch),
      STARTER,
      systemCommand('cat'),
      ...argv,
    ],
    { cwd: spec.cwd, env, detached: true, stdio },
  )
  // A wrapper that died breaks these; its end is noticed elsewhere.
  for (const stream of wrapper.stdio) stream?.on('error', () => {})
  return wrapper
}

function environmentOf(spec: ProcessSpec, paths: ProcessPaths): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(spec.env)) {
    // Names that are none in a shell do not come through one: some shells drop them, others run what they hold.
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) env[name] = value.replaceAll('{dir}', paths.files)
  }
  const [variable = '', value = ''] = familyVariable(paths.dir, spec.epoch).split(/=(.*)/s)
  env[variable] = value
  return env
}

function checkSecrets(spec: ProcessSpec): void {
  for (const [fd, secret] of Object.entries(spec.secretFds ?? {})) {
    if (Buffer.byteLength(secret) > LONGEST_SECRET) {
      throw new SkeinError(
        'invalid',
        `starting ${spec.id}: the secret for descriptor ${fd} is over ${LONGEST_SECRET} bytes`,
      )
    }
  }
  for (const name of Object.keys(spec.files ?? {})) {
    if (name === '.' || name === '..') throw new SkeinError('invalid', `starting ${spec.id}: ${name} is no file name`)
  }
}

/** Resolves once the kernel has it, so that our death loses nothing of it. */
async function send(stream: unknown, text: string): Promise<void> {
  await new Promise<void>((resolve) => (stream as Writable).end(text, () => resolve()))
}

/** The kernel refuses the program itself, as against us being unable to work. */
function isRefusal(error: unknown): boolean {
  return ['E2BIG', 'EACCES', 'ENOENT', 'ENOEXEC'].includes(String((error as NodeJS.ErrnoException).code))
}
