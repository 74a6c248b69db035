import * as z from 'zod'

/** What kind of failure it is; a program may branch on this, a person reads the message. */
export const ErrorCode = z.enum([
  'invalid', // the request itself is wrong
  'not_found',
  'conflict', // the state of things does not allow it (now)
  'needs_confirmation', // would destroy work; repeat with the confirmation that `details` names
  'unauthorized',
  'missing', // something that Skein needs is not installed or not configured
  'unavailable', // cannot be reached at the moment; trying again may help
  'disk_full',
  'cancelled',
  'timed_out',
  'internal', // a defect of Skein's
])
export type ErrorCode = z.infer<typeof ErrorCode>

export const ErrorBody = z.object({
  code: ErrorCode,
  message: z.string(),
  /** What the reader can do about it. */
  next: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type ErrorBody = z.infer<typeof ErrorBody>

/**
 * The one error that crosses Skein's boundaries. `message` says what was being done, to what, and what went wrong; `next`
 * says what to do. Anything else that is thrown is a defect and becomes `internal`.
 */
export class SkeinError extends Error {
  readonly code: ErrorCode
  readonly next: string | undefined
  readonly details: Record<string, unknown> | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { next?: string | undefined; details?: Record<string, unknown> | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SkeinError'
    this.code = code
    this.next = options.next
    this.details = options.details
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.next === undefined ? {} : { next: this.next }),
      ...(this.details === undefined ? {} : { details: this.details }),
    }
  }

  static fromBody(body: ErrorBody): SkeinError {
    return new SkeinError(body.code, body.message, { next: body.next, details: body.details })
  }

  /** Any thrown value as a SkeinError; the operating system's common refusals get a message that a person can act on. */
  static from(error: unknown, doing: string): SkeinError {
    if (error instanceof SkeinError) return error
    const message = error instanceof Error ? error.message : String(error)
    const errno = error instanceof Error && 'code' in error ? String(error.code) : ''
    const known = OS_ERRORS[errno]
    if (known)
      return new SkeinError(known.code, `${doing}: ${known.says}`, {
        next: known.next,
        cause: error,
        details: { errno },
      })
    return new SkeinError('internal', `${doing}: ${message}`, { cause: error })
  }
}

const OS_ERRORS: Record<string, { code: ErrorCode; says: string; next: string }> = {
  ENOSPC: { code: 'disk_full', says: 'the disk is full', next: 'Free some space, then try again. Nothing was lost.' },
  EDQUOT: { code: 'disk_full', says: 'the disk quota is used up', next: 'Free some space, then try again.' },
  EROFS: {
    code: 'unavailable',
    says: 'the file system is read-only',
    next: 'Set SKEIN_HOME to a folder that can be written.',
  },
  EACCES: {
    code: 'unavailable',
    says: 'permission denied',
    next: 'Check the owner and mode of the path, or set SKEIN_HOME.',
  },
}
