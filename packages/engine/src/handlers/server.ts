import { activity } from '../activity.ts'
import type { CallHandlers, Parts } from '../api.ts'
import { doctor } from '../doctor.ts'

export function serverHandlers({
  context,
  version,
  startedAt,
  stop,
}: Parts): Pick<CallHandlers, 'server.info' | 'server.stop' | 'server.doctor' | 'blobs.get'> {
  return {
    'server.info': async () => {
      const { running, openAsks } = await activity(context)
      return { version, pid: process.pid, home: context.home, startedAt, activity: { running, openAsks } }
    },
    'server.stop': async () => {
      stop()
      return {}
    },
    'server.doctor': async (params) => ({ findings: await doctor(context, params) }),
    'blobs.get': async ({ sha256 }) => ({ base64: (await context.blobs.get(sha256)).toString('base64') }),
  }
}
