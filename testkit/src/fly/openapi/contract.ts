import type { ApiDocument, Operation } from './document.ts'
import { misfits } from './schema.ts'

/** Something that does not fit Fly's document. */
export interface ContractViolation {
  /** Whose: the client's request, or the emulator's own response. */
  readonly side: 'request' | 'response'
  readonly operation: string
  readonly status?: number
  readonly misfits: readonly string[]
}

/** Checks both sides of each call against the document. */
export class Contract {
  readonly violations: ContractViolation[] = []
  readonly #document: ApiDocument

  constructor(document: ApiDocument) {
    this.#document = document
  }

  /** What of the request does not fit. Fly takes fields that it does not know, so those are none. */
  request(operation: Operation, query: URLSearchParams, body: unknown): string[] {
    const found = [...queryMisfits(operation, query)]
    if (operation.body && body !== undefined)
      found.push(...misfits(body, operation.body, { schemas: this.#document.schemas, closed: false }))
    if (found.length > 0) this.violations.push({ side: 'request', operation: operation.id, misfits: found })
    return found
  }

  response(operation: Operation, status: number, body: unknown): string[] {
    const found = status >= 400 ? errorMisfits(body) : this.#success(operation, status, body)
    if (found.length > 0) this.violations.push({ side: 'response', operation: operation.id, status, misfits: found })
    return found
  }

  #success(operation: Operation, status: number, body: unknown): string[] {
    if (!(status in operation.responses)) return [`status ${status} is not in the document`]
    const schema = operation.responses[status]
    return schema === undefined ? [] : misfits(body, schema, { schemas: this.#document.schemas, closed: true })
  }
}

function* queryMisfits({ queryTypes }: Operation, query: URLSearchParams): Generator<string> {
  for (const [name, value] of query) {
    const type = queryTypes[name]
    if (type === 'integer' && !/^-?\d+$/.test(value)) yield `?${name} is no integer: ${value}`
    if (type === 'boolean' && !/^(true|false|1|0|t|f)$/i.test(value)) yield `?${name} is no boolean: ${value}`
  }
}

/** Most error statuses are not declared. What they say has one of the known shapes. */
function errorMisfits(body: unknown): string[] {
  if (body === undefined || typeof body === 'string') return []
  const { error, message } = body as { error?: unknown; message?: unknown }
  return typeof error === 'string' || typeof message === 'string' ? [] : [`no error: ${JSON.stringify(body)}`]
}
