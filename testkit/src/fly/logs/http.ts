import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Fault } from '../faults.ts'
import { Refusal } from '../http/refusal.ts'
import { addFlyHeaders, faultAnswer, send, sendRefusal } from '../http/send.ts'
import { mayDo, tokenOf } from '../http/tokens.ts'
import type { FlyCall } from '../journal.ts'
import type { World } from '../state/world.ts'
import type { LogLine } from './store.ts'

const PAGE = 100
const DAY = 24 * 3_600_000

/** `GET /api/v1/apps/{app}/logs` of Fly's web service: polled, with a token for what comes next. */
export async function answerLogs(
  world: World,
  journal: FlyCall[],
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const app = /^\/api\/v1\/apps\/([^/]+)\/logs$/.exec(url.pathname)?.[1] ?? ''
  const at = world.clock.now()
  const requestId = `${world.ulids.next(at)}-iad`
  const query = Object.fromEntries(url.searchParams)
  const fault = world.faults.for('Logs_read', [app, query.instance ?? ''])
  const entry: FlyCall = {
    n: journal.length + 1,
    method: request.method ?? 'GET',
    path: url.pathname,
    query,
    action: 'Logs_read',
    app,
    machine: query.instance,
    body: undefined,
    at,
    status: 0,
    took: 0,
    fault: fault?.kind,
    requestId,
  }
  journal.push(entry)
  addFlyHeaders(response, requestId)
  try {
    const token = tokenOf(request.headers.authorization, world.tokens)
    const refuses =
      fault?.kind === 'logs-refused' || (token?.kind === 'deploy' && world.behaviour.logsRefuseDeployTokens)
    if (token === undefined || refuses || !mayDo(token, { method: 'GET', app }))
      throw new Refusal(401, { error: 'unauthorized' })
    if (fault?.kind === 'reset') return void request.socket.resetAndDestroy()
    if (fault && /^\d+$/.test(fault.kind)) throw faultAnswer(fault)
    const page = pageOf(world, app, url.searchParams, fault)
    entry.status = 200
    send(response, { status: 200, json: page })
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, { error: String(error) })
    entry.status = refusal.status
    sendRefusal(response, refusal)
  } finally {
    entry.took = world.clock.now() - at
  }
}

/** Without a token the last lines of a day; with one what came after it. */
function pageOf({ logs, clock }: World, app: string, query: URLSearchParams, fault: Fault | undefined): unknown {
  const late = fault?.kind === 'logs-delayed' ? (fault.delayMs ?? 1_000) : 0
  const all = logs
    .shown(app)
    .filter((line) => (query.get('instance') ?? line.machine) === line.machine)
    .filter((line) => (query.get('region') ?? line.region) === line.region)
    .filter((line) => line.shownAt <= clock.now() - late)
  const token = query.get('next_token')
  const after = token === null || token === '' ? undefined : BigInt(token)
  const lines =
    after === undefined
      ? all.filter(({ timestamp }) => timestamp > clock.now() - DAY).slice(-PAGE)
      : all.filter(({ nanoseconds }) => nanoseconds > after).slice(0, PAGE)
  const last = lines.at(-1)?.nanoseconds ?? after
  return { data: withFault(lines.map(view), fault), meta: { next_token: last === undefined ? '' : String(last) } }
}

function view(line: LogLine) {
  return {
    id: String(line.nanoseconds),
    type: 'log',
    attributes: {
      timestamp: new Date(line.timestamp).toISOString(),
      message: line.message,
      level: line.level,
      instance: line.machine,
      region: line.region,
      meta: {
        instance: line.machine,
        region: line.region,
        event: { provider: line.provider },
        http: { request: { id: '', method: '', version: '' }, response: { status_code: 0 } },
        error: { code: 0, message: '' },
        url: { full: '' },
      },
    },
  }
}

function withFault(lines: ReturnType<typeof view>[], fault: Fault | undefined): ReturnType<typeof view>[] {
  if (fault?.kind === 'logs-duplicated') return lines.flatMap((line) => [line, line])
  if (fault?.kind === 'logs-reordered') return lines.toReversed()
  if (fault?.kind !== 'logs-truncated') return lines
  return lines.map((line) => ({
    ...line,
    attributes: { ...line.attributes, message: line.attributes.message.slice(0, 20) },
  }))
}
