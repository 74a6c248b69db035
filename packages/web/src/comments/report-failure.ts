import { describeError } from '../api/describe-error.ts'
import { toast } from '../ui/toast.tsx'

/** Says what did not work, why, and what to do next. */
export function reportFailure(what: string, error: unknown): void {
  const { message, next } = describeError(error)
  toast.error(what, { description: next === undefined ? message : `${message} ${next}`, duration: 10_000 })
}
