import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MARK = 'skein-test-'

/** Packets are dropped until this is disposed. */
export type DroppedPackets = AsyncDisposable

let answer: boolean | undefined

/** Whether this process may set rules of the firewall (root, and a kernel with iptables). */
export function canDropPackets(): boolean {
  answer ??= process.getuid?.() === 0 && spawnSync('iptables', ['-w', '-S', 'INPUT']).status === 0
  return answer
}

/** Drops every packet from and to a TCP port of loopback: both ends think that the other still lives. */
export async function dropPackets(port: number): Promise<DroppedPackets> {
  await removeAbandoned()
  const rules = ['--dport', '--sport'].map((side) => [
    ...['INPUT', '-i', 'lo', '-p', 'tcp', side, String(port)],
    ...['-m', 'comment', '--comment', `${MARK}${process.pid}`, '-j', 'DROP'],
  ])
  for (const rule of rules) await run('iptables', ['-w', '-I', ...rule])
  return {
    async [Symbol.asyncDispose]() {
      for (const rule of rules) await run('iptables', ['-w', '-D', ...rule])
    },
  }
}

/** Rules of test processes that were killed would trap whoever gets that port next. */
async function removeAbandoned(): Promise<void> {
  const { stdout } = await run('iptables', ['-w', '-S', 'INPUT'])
  for (const line of stdout.split('\n')) {
    const owner = new RegExp(`${MARK}(\\d+)`).exec(line)?.[1]
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue
    await run('iptables', ['-w', '-D', ...line.replaceAll('"', '').split(' ').slice(1)]).catch(() => {})
  }
}
