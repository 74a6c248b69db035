import type { ErrorCode, SkeinError } from '@skein/protocol'

const HTTP_STATUS: Record<ErrorCode, number> = {
  invalid: 400,
  unauthorized: 403,
  not_found: 404,
  conflict: 409,
  needs_confirmation: 409,
  missing: 424,
  cancelled: 499,
  internal: 500,
  unavailable: 503,
  timed_out: 504,
  disk_full: 507,
}

export function answer(result: unknown): Response {
  return json(200, result ?? null)
}

export function answerError(error: SkeinError, status = HTTP_STATUS[error.code]): Response {
  return json(status, error.toBody())
}

function json(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })
}
