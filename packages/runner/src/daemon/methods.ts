import { homedir, userInfo } from 'node:os'
import {
  type gitMethods,
  RUNNER_PROTOCOL,
  type RunnerMethod,
  type RunnerResult,
  type runnerMethods,
  SkeinError,
} from '@skein/protocol'
import type * as z from 'zod'
import type { Blobs } from '../machine/blobs.ts'
import type { Commands } from '../machine/exec.ts'
import { listFolder, readPart, removeFile, statFile, writeFile } from '../machine/files.ts'
import { freePorts, listeningPorts } from '../machine/ports.ts'
import { machineResources } from '../machine/resources.ts'
import type { Terminals } from '../machine/terminals.ts'
import { checkedLine } from '../processes/inbox.ts'
import type { ProcessTable } from '../processes/table.ts'
import { bootId } from '../system/processes.ts'
import type { Connection } from './connection.ts'
import type { Credentials } from './credentials.ts'
import type { Lease } from './lease.ts'

type Params<M extends RunnerMethod> = z.output<(typeof runnerMethods)[M]['params']>

/** An answer to every method of the protocol but git's, which its own handlers answer. */
export type Methods = {
  [M in Exclude<RunnerMethod, keyof typeof gitMethods>]: (
    params: Params<M>,
    connection: Connection,
  ) => Promise<RunnerResult<M>> | RunnerResult<M>
}

export interface MethodContext {
  dir: string
  version: string
  sha256: string
  daemonId: string
  path(): Promise<string>
  table: ProcessTable
  commands: Commands
  terminals: Terminals
  blobs: Blobs
  lease: Lease
  credentials: Credentials
  /** Git's credential helper, absolute. */
  helper: string
  upgrade(bundle: string): Promise<void>
  shutdown(): void
}

export function createMethods(context: MethodContext): Methods {
  const { table, commands, terminals, blobs, lease, credentials } = context
  return {
    hello: async ({ protocol }) => {
      if (!protocol.includes(RUNNER_PROTOCOL)) {
        const next = Math.max(...protocol) > RUNNER_PROTOCOL ? 'Upgrade the runner.' : 'Upgrade the client.'
        throw new SkeinError(
          'invalid',
          `hello: this runner speaks protocol ${RUNNER_PROTOCOL}, not ${protocol.join(', ')}`,
          { next },
        )
      }
      return {
        protocol: RUNNER_PROTOCOL,
        version: context.version,
        sha256: context.sha256,
        bootId: bootId(),
        daemonId: context.daemonId,
        pid: process.pid,
        now: Date.now(),
        dir: context.dir,
        platform: process.platform,
        arch: process.arch,
        home: homedir(),
        path: await context.path(),
        shell: process.env.SHELL ?? userInfo().shell ?? '/bin/sh',
        root: process.getuid?.() === 0,
        features: ['git', ...(terminals.available ? ['pty'] : [])],
      }
    },
    'runner.upgrade': async ({ bundle }) => {
      await context.upgrade(bundle)
      return {}
    },
    'runner.shutdown': async ({ processes }) => {
      if (processes === 'stop') await Promise.all(table.running.map((process) => process.stop(5000)))
      context.shutdown()
      return {}
    },

    'process.start': (spec) => table.start(spec),
    'process.input': async ({ id, epoch, key, line, blob }) => {
      if ((line === undefined) === (blob === undefined)) {
        throw new SkeinError('invalid', `input ${key}: give either a line or a blob`)
      }
      if (key === '.' || key === '..') throw new SkeinError('invalid', `input: ${key} is no key`)
      const read = async () => checkedLine(line ?? (await blobs.read(blob ?? '')), key)
      return { state: await table.get(id).input(epoch, key, read) }
    },
    'process.status': ({ id }) => table.find(id)?.status() ?? null,
    'process.list': () => table.all.flatMap((process) => process.status() ?? []),
    'process.signal': ({ id, signal }) => {
      table.get(id).running?.signal(signal)
      return {}
    },
    'process.stop': async ({ id, graceMs }) => (await table.find(id)?.stop(graceMs)) ?? null,
    'process.subscribe': ({ sub, id, from, quiet }, connection) => {
      connection.subscribe(sub, table.get(id), from, quiet)
      return {}
    },
    'process.unsubscribe': ({ sub }, connection) => {
      connection.unsubscribe(sub)
      return {}
    },
    'process.ack': async ({ id, cursor }) => {
      await table.find(id)?.ack(cursor)
      return {}
    },
    'process.forget': async ({ id }) => {
      await table.forget(id)
      return {}
    },
    'process.resources': ({ ids }) => table.resources(ids),

    exec: (params) => commands.run(params),

    'pty.open': (params) => terminals.open(params),
    'pty.attach': ({ sub, id, quiet = false }, connection) => {
      terminals.get(id)
      connection.follow(sub, quiet, (reader, signal) => terminals.follow(sub, id, reader, connection.notify, signal))
      return {}
    },
    'pty.detach': ({ sub }, connection) => {
      connection.unfollow(sub)
      return {}
    },
    'pty.input': async ({ id, data }) => {
      await terminals.input(id, data)
      return {}
    },
    'pty.resize': async ({ id, cols, rows }) => {
      await terminals.resize(id, cols, rows)
      return {}
    },
    'pty.close': async ({ id }) => {
      await terminals.close(id)
      return {}
    },
    'pty.list': () => terminals.list(),

    'fs.stat': ({ path }) => statFile(path),
    'fs.list': ({ path }) => listFolder(path),
    'fs.read': (params) => readPart(params),
    'fs.write': async (params) => {
      await writeFile(params)
      return {}
    },
    'fs.remove': async ({ path }) => {
      await removeFile(path)
      return {}
    },
    'blob.put': (params) => blobs.put(params),

    'credential.offer': (_params, connection) => {
      credentials.offer(connection)
      return { helper: context.helper }
    },
    'credential.get': (params) => credentials.get(params),
    'credential.answer': (params) => {
      credentials.answer(params)
      return {}
    },
    'machine.resources': () => machineResources(context.dir),

    'ports.listening': async ({ ids }) => {
      const members = new Map([...table.membersById(ids), ...(await terminals.members(ids))])
      return listeningPorts(members, ids !== undefined)
    },
    'ports.free': (params) => freePorts(params),
    'lease.renew': (params) => lease.renew(params),
  }
}
