import { SkeinError } from '@skein/protocol'
import { activity } from '../activity.ts'
import type { CallHandlers, Parts } from '../api.ts'
import { doctor } from '../doctor.ts'
import { reap } from '../reaper.ts'

const REAPED = ['machines', 'processes', 'worktrees', 'snapshots', 'kept'] as const

export function serverHandlers({
  context,
  commands,
  version,
  startedAt,
  stop,
}: Parts): Pick<CallHandlers, Extract<keyof CallHandlers, `server.${string}`> | 'blobs.get'> {
  return {
    'server.info': async () => {
      const { running, openAsks } = await activity(context)
      return { version, pid: process.pid, home: context.home, startedAt, activity: { running, openAsks } }
    },
    'server.stop': async () => {
      stop()
      return {}
    },
    'server.reap': (params) =>
      commands.once('server.reap', params, async () => {
        const found = await reap(context, params.dryRun ?? false)
        return { found: REAPED.flatMap((kind) => found[kind].map((name) => ({ kind, name }))) }
      }),
    'server.link': noServer,
    'server.browsers': noServer,
    'server.signOut': noServer,
    'server.doctor': async (params) => ({ findings: await doctor(context, params) }),
    'blobs.get': async ({ sha256 }) => ({ base64: (await context.blobs.get(sha256)).toString('base64') }),
  }
}

/** Of browsers only a server knows. */
async function noServer(): Promise<never> {
  throw new SkeinError('unavailable', 'there is no web app here', { next: 'Start it with: skein up' })
}
