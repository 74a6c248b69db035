import { type ErrorCode, SkeinError } from '@skein/protocol'

/** SQLite's primary result codes (sqlite.org/rescode.html) that are about the file or the disk, not about the statement. */
const REFUSALS: Record<number, { code: ErrorCode; says: string; next: string }> = {
  5: {
    code: 'unavailable',
    says: 'another process keeps it locked',
    next: 'Stop the other Skein that uses the same SKEIN_HOME, then try again.',
  },
  8: {
    code: 'unavailable',
    says: 'it cannot be written',
    next: 'Check the owner and mode of the file and its folder, or set SKEIN_HOME to a folder that can be written.',
  },
  10: {
    code: 'unavailable',
    says: 'the disk reports an error',
    next: 'Check the free space, the quota and the health of the disk, then try again.',
  },
  11: {
    code: 'conflict',
    says: 'the file is damaged',
    next: 'It was left as it is. Stop Skein, keep a copy of the file and its -wal, and restore a backup, or move them away to begin anew.',
  },
  13: {
    code: 'disk_full',
    says: 'the disk is full',
    next: 'Free some space, then try again. Nothing that was acknowledged is lost.',
  },
  14: {
    code: 'unavailable',
    says: 'it cannot be opened',
    next: 'Check the owner and mode of the file and its folder, or set SKEIN_HOME to a folder that can be written.',
  },
  26: {
    code: 'conflict',
    says: 'the file is not a Skein store',
    next: 'It was left as it is. Move it away to begin anew, or set SKEIN_HOME to another folder.',
  },
}

/** A refusal of the file or disk as a SkeinError; any other error (a constraint, a wrong statement) as it is. */
export function storeError(error: unknown, doing: string): unknown {
  const refusal = REFUSALS[primaryCode(error)]
  if (!refusal) return error
  return new SkeinError(refusal.code, `${doing}: ${refusal.says}`, {
    next: refusal.next,
    cause: error,
    details: { sqlite: error instanceof Error ? error.message : String(error) },
  })
}

/** Whether the disk or quota is used up, told by SQLite or by a file operation. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof SkeinError) return error.code === 'disk_full'
  if (primaryCode(error) === 13) return true
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

function primaryCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error)) return 0
  return typeof error.errcode === 'number' ? error.errcode & 0xff : 0
}
