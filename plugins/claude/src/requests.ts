import type { Json } from './json.ts'

/**
 * Control requests of ours. Claude Code's answer carries only the request's id, and decoding knows only the journal; so the id
 * itself says what was asked: `skein:<verb>:<argument>:<id>`. It follows from the command's id, so that a repeated line is the
 * same request.
 */
export interface OurRequest {
  verb: 'initialize' | 'interrupt' | 'model' | 'mode' | 'effort' | 'sandbox' | 'stop' | 'context'
  argument: string
  id: string
}

const VERBS: ReadonlySet<string> = new Set<OurRequest['verb']>([
  'initialize',
  'interrupt',
  'model',
  'mode',
  'effort',
  'sandbox',
  'stop',
  'context',
])

export function requestLine({ verb, argument, id }: OurRequest, request: Json): string {
  return JSON.stringify({ type: 'control_request', request_id: `skein:${verb}:${argument}:${id}`, request })
}

/** What a request id of ours says, or undefined for any other. */
export function parseRequestId(requestId: string): OurRequest | undefined {
  const [ours, verb = '', argument = '', ...rest] = requestId.split(':')
  if (ours !== 'skein' || !VERBS.has(verb) || rest.length === 0) return undefined
  return { verb: verb as OurRequest['verb'], argument, id: rest.join(':') }
}

/** How Claude Code was started, as far as the lines that it writes do not say. The argument of the greeting's id. */
export interface Started {
  sandbox: 'unavailable' | 'off' | 'on'
  /** Started so that permissions may be skipped. */
  mayBypass: boolean
}

export function startedArgument({ sandbox, mayBypass }: Started): string {
  return mayBypass ? `${sandbox}+bypass` : sandbox
}

export function parseStarted(argument: string): Started {
  const [sandbox, bypass] = argument.split('+')
  return {
    sandbox: sandbox === 'on' || sandbox === 'off' ? sandbox : 'unavailable',
    mayBypass: bypass === 'bypass',
  }
}
