import { SkeinError } from '@skein/protocol'
import { tryLock } from '@skein/protocol/node'

/**
 * Makes this process the only one that runs the batch of a record, by a lock that the kernel gives back however its holder dies. Throws
 * `conflict` when another one has it.
 */
export async function lockRecord(record: string): Promise<Disposable> {
  const lock = await tryLock(`${record}.lock`)
  if (lock) return { [Symbol.dispose]: () => lock.release() }
  throw new SkeinError('conflict', `the batch of ${record} is being run by another process`, {
    next: 'Wait for it, or stop it first.',
  })
}
