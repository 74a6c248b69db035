const STATUS = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  deadline_exceeded: 408,
  already_exists: 409,
  aborted: 409,
  failed_precondition: 412,
  resource_exhausted: 429,
} as const

/** An answer that is not the one asked for: what a handler throws and the server sends. */
export class Refusal extends Error {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(typeof body === 'string' ? body : JSON.stringify(body))
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** As the machines' service says it: `{"error":"code: message"}`. `status` is its newer field beside it. */
export function refused(code: keyof typeof STATUS, message: string, status?: string): Refusal {
  return new Refusal(STATUS[code], { error: `${code}: ${message}`, ...(status === undefined ? {} : { status }) })
}

/** As the service of apps, certificates and addresses says it. */
export function refusedByApps(status: number, message: string): Refusal {
  return new Refusal(status, { message })
}

/** What is not routed, or lacks a query that it needs. */
export function notRouted(): Refusal {
  return new Refusal(404, '404 page not found\n')
}
