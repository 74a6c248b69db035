import { SkeinError } from '@skein/plugin-api'

/** What a refusal means for whoever asked. */
export type Reason =
  | 'unauthorized'
  | 'not_found'
  | 'timeout'
  | 'lease'
  | 'name_taken'
  | 'concurrent'
  | 'capacity'
  | 'quota'
  | 'claimed'
  | 'state'
  | 'image'
  | 'invalid'
  | 'rate'
  | 'server'
  | 'network'
  | 'other'

export interface Refusal {
  method: string
  url: string
  /** 0: no answer came. */
  status: number
  body: string
  requestId: string | undefined
}

/** An answer of 400 or more, or none. */
export class FlyError extends SkeinError {
  readonly status: number
  readonly reason: Reason
  readonly requestId: string | undefined
  readonly body: string
  readonly method: string
  readonly url: string
  /** What Fly said, for other messages. */
  readonly what: string
  /** Whether the change may have been made nevertheless. */
  readonly ambiguous: boolean

  constructor(doing: string, refusal: Refusal, cause?: unknown) {
    const { method, url, status, body, requestId } = refusal
    const said = textOf(body)
    const reason = reasonOf(status, body)
    const where = `${method} ${url}${requestId ? `, request ${requestId}` : ''}`
    const what =
      status === 0
        ? `Fly.io did not answer: ${said || 'the connection ended'}`
        : `Fly.io answered ${status}${said ? ` ${said}` : ''}`
    const known = KNOWN[reason]
    super(known.code, `${doing}: ${what} (${where})`, {
      next: known.next,
      details: { status, reason, method, url, body: body.slice(0, SHOWN), ...(requestId ? { requestId } : {}) },
      ...(cause === undefined ? {} : { cause }),
    })
    this.name = 'FlyError'
    this.what = what
    this.status = status
    this.reason = reason
    this.requestId = requestId
    this.body = body
    this.method = method
    this.url = url
    this.ambiguous = reason === 'timeout' || reason === 'server' || reason === 'network'
  }

  /** Another region, another size or a later time may have what this one has not. */
  get isCapacity(): boolean {
    return this.reason === 'capacity' || this.reason === 'quota'
  }
}

const SHOWN = 1000

/** The message of every shape that Fly answers with: `{error}`, `{message}`, plain text, a page, nothing. */
export function textOf(body: string): string {
  const trimmed = body.trim()
  if (trimmed === '') return ''
  try {
    const parsed: unknown = JSON.parse(trimmed)
    if (typeof parsed === 'object' && parsed !== null) {
      const { error, message } = parsed as Record<string, unknown>
      const said = typeof error === 'string' ? error : typeof message === 'string' ? message : undefined
      if (said !== undefined) return said.slice(0, SHOWN)
    }
  } catch {
    // Not JSON.
  }
  if (/^<(!doctype|html)/i.test(trimmed)) return /<title>([^<]*)/i.exec(trimmed)?.[1]?.trim() ?? 'a page of HTML'
  return trimmed.slice(0, 300)
}

const IMAGE =
  /manifest unknown|(get|fetch|find) (the )?(image |)manifest|image .*(not found|does not exist)|could not find image/i
const CAPACITY =
  /could not reserve resource|no capacity|could not find a candidate host|insufficient (resources|cpus|memory|capacity)|insufficient_capacity|volume_placement_capacity/i

/** Judged by the text where the status alone means several things. */
export function reasonOf(status: number, body: string): Reason {
  const text = body.toLowerCase()
  switch (status) {
    case 0:
      return 'network'
    case 401:
      return 'unauthorized'
    case 403:
      return /over the allowed quota|is using .* (mb|memory)/.test(text) ? 'quota' : 'unauthorized'
    case 404:
      return IMAGE.test(text) ? 'image' : 'not_found'
    case 408:
      return 'timeout'
    case 429:
      return 'rate'
    case 500:
      return textOf(body) === 'unauthorized' ? 'unauthorized' : 'server'
    default:
  }
  if (CAPACITY.test(text)) return 'capacity'
  if (/lease currently held|lease .*held/.test(text)) return 'lease'
  if (/unique machine name violation|name_taken|name has already been taken/.test(text)) return 'name_taken'
  if (/concurrent update/.test(text)) return 'concurrent'
  if (/claimed|volume.*(in use|attached)/.test(text)) return 'claimed'
  if (IMAGE.test(text)) return 'image'
  if (status === 412 || status === 409) return 'state'
  if (status === 400 || status === 422) return 'invalid'
  return status >= 500 ? 'server' : 'other'
}

/** The machine whose name it is, where Fly says. */
export function existingMachine(error: FlyError): string | undefined {
  return /machine ID ([0-9a-z]+) already exists/i.exec(textOf(error.body))?.[1]
}

const KNOWN: Record<Reason, { code: SkeinError['code']; next: string | undefined }> = {
  unauthorized: {
    code: 'unauthorized',
    next: 'Check FLY_API_TOKEN: it must be valid, and allow this app (`fly tokens create deploy --app APP`).',
  },
  not_found: { code: 'not_found', next: 'Check the app’s name: `fly apps list` shows those that there are.' },
  timeout: { code: 'unavailable', next: 'Try again.' },
  lease: { code: 'conflict', next: 'Somebody else works on this machine. Try again in a minute.' },
  name_taken: { code: 'conflict', next: 'Choose another name.' },
  concurrent: { code: 'conflict', next: 'Try again.' },
  capacity: {
    code: 'unavailable',
    next: 'Give more regions or sizes (settings `region`, `size`), or try again later.',
  },
  quota: { code: 'unavailable', next: 'Ask Fly.io for a larger quota, or give another region or size.' },
  claimed: { code: 'conflict', next: 'The volume is still attached. Try again in a minute.' },
  state: { code: 'conflict', next: 'The machine is in a state that does not allow this now. Try again.' },
  image: {
    code: 'missing',
    next: 'Make it with `skein image build --fly APP`, or check the setting `image`: Fly’s registry must have it, for linux/amd64.',
  },
  invalid: { code: 'invalid', next: undefined },
  rate: { code: 'unavailable', next: 'Try again in a minute.' },
  server: { code: 'unavailable', next: 'Try again; status.flyio.net says whether Fly.io has a problem.' },
  network: { code: 'unavailable', next: 'Check the network and its proxy.' },
  other: { code: 'unavailable', next: undefined },
}
