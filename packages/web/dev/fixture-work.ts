import type {
  ApiParams,
  ApiResult,
  CallMethod,
  Change,
  Check,
  CheckRun,
  LogPart,
  Project,
  Service,
  SubscriptionMethod,
  Terminal,
} from '@skein/protocol'
import { buildLog, hugeLog, serviceLines, testLog } from './fixture-logs.ts'
import {
  findings,
  fixtureChecks,
  fixtureServices,
  fixtureTerminals,
  HOUR,
  history,
  SCRIPTS,
  searchHits,
} from './fixture-work-data.ts'

/** What a fixture answers for checks, services, terminals, search, doctor; the parts that it leaves out are another fixture's. */
export type WorkCalls = { [M in CallMethod]?: (params: ApiParams<M>) => Promise<ApiResult<M>> }
export type WorkSubscriptions = {
  [M in SubscriptionMethod]?: (params: ApiParams<M>, signal: AbortSignal) => AsyncIterable<ApiResult<M>>
}
export interface WorkFixture {
  calls: WorkCalls
  subscriptions: WorkSubscriptions
  /** What `changes` says at its start. */
  initial(): Change[]
}

interface Place {
  workspaceId: string
  workspaceName: string
  sessionId: string
  /** Nothing is there yet. */
  empty?: boolean
  /** What the repository would run is not trusted. */
  untrusted?: boolean
  /** Called with what `changes` would say. */
  changed(change: Change): void
}

/** Checks, services, terminals, search and doctor of one workspace: everything that is hard to show. */
export function workFixture({ workspaceId, workspaceName, sessionId, empty, untrusted, changed }: Place): WorkFixture {
  const now = Date.now()
  let trusted = !untrusted
  const checks = empty ? [] : fixtureChecks(workspaceId, now)
  const runs = new Map(checks.map((check) => [check.name, history(check, now)]))
  const services = empty ? [] : fixtureServices(workspaceId, now)
  const terminals = empty ? [] : fixtureTerminals(workspaceId, now)
  const typed = new Map<string, (data: string) => void>()

  const found = <T>(thing: T | undefined, what: string): T => {
    if (thing === undefined) throw new Error(`no ${what}`)
    return thing
  }
  const checkOf = (name: string) =>
    found(
      checks.find((one) => one.name === name),
      name,
    )
  const serviceOf = (name: string) =>
    found(
      services.find((one) => one.name === name),
      name,
    )
  const terminalOf = (id: string) =>
    found(
      terminals.find((one) => one.id === id),
      id,
    )
  const tell = (check: Check) => changed({ type: 'check', check: structuredClone(check) })

  const begin = (name: string): CheckRun => {
    const check = checkOf(name)
    if (check.last?.state === 'running') return check.last
    const run: CheckRun = {
      ...{ id: crypto.randomUUID(), workspaceId, name, state: 'running', startedAt: Date.now() },
      ...{ cause: 'person', round: 0 },
    }
    check.last = run
    runs.get(name)?.unshift(run)
    tell(check)
    setTimeout(() => {
      if (run.state !== 'running') return
      const failed = name === 'test'
      Object.assign(run, { state: failed ? 'failed' : 'passed', endedAt: Date.now(), exitCode: failed ? 1 : 0 })
      tell(check)
    }, 4_000)
    return run
  }
  const setService = (name: string, change: Partial<Service>) => {
    const service = Object.assign(serviceOf(name), change)
    changed({ type: 'service', service: structuredClone(service) })
    return structuredClone(service)
  }
  const start = (name: string) => {
    const { epoch, port } = serviceOf(name)
    setTimeout(() => setService(name, { state: 'running', because: `port ${port} answers`, rssBytes: 90e6 }), 1_500)
    return setService(name, {
      ...{ state: 'starting', because: `waits for port ${port}`, epoch: epoch + 1, startedAt: Date.now(), pid: 4711 },
      ...{ exitCode: undefined, endedAt: undefined },
    })
  }

  return {
    calls: {
      'checks.list': async () => structuredClone(checks),
      'checks.runs': async ({ name, limit = 50 }) =>
        [...runs.entries()]
          .filter(([one]) => name === undefined || one === name)
          .flatMap(([, list]) => list)
          .sort((a, b) => b.startedAt - a.startedAt)
          .slice(0, limit),
      'checks.run': async ({ names }) => (names ?? checks.map((one) => one.name)).map(begin),
      'checks.cancel': async ({ runId }) => {
        const run = found(
          [...runs.values()].flat().find((one) => one.id === runId),
          'run',
        )
        Object.assign(run, { state: 'cancelled', endedAt: Date.now() })
        tell(checkOf(run.name))
        return run
      },
      'checks.fix': async () => ({ messageId: crypto.randomUUID() }),
      'checks.configure': async ({ name, afterTurn, fixRounds }) => {
        const check = checkOf(name)
        if (afterTurn !== undefined) check.afterTurn = afterTurn
        if (fixRounds !== undefined) check.fixRounds = fixRounds
        tell(check)
        return structuredClone(check)
      },
      'services.list': async () => structuredClone(services),
      'services.start': async ({ name }) => start(name),
      'services.stop': async ({ name }) =>
        setService(name, { state: 'stopped', because: 'you stopped it', pid: undefined, rssBytes: undefined }),
      'services.restart': async ({ name }) => start(name),
      'ports.list': async () => [
        { port: 4310, by: 'web' },
        { port: 4311, by: 'api' },
        { port: 4317, by: 'an agent' },
        { port: 9229 },
      ],
      'previews.open': async ({ port, path = '/' }) => ({
        url: `${location.origin}/preview-fixture.html?${port}${path}`,
      }),
      'terminals.list': async () => structuredClone(terminals),
      'terminals.open': async ({ title }) => {
        const terminal: Terminal = {
          ...{ id: crypto.randomUUID(), workspaceId, title: title ?? 'bash', createdAt: Date.now(), state: 'open' },
        }
        terminals.push(terminal)
        changed({ type: 'terminal', terminal })
        return terminal
      },
      'terminals.input': async ({ terminalId, data }) => {
        typed.get(terminalId)?.(data)
        return {}
      },
      'terminals.resize': async () => ({}),
      'terminals.rename': async ({ terminalId, title }) => {
        const terminal = Object.assign(terminalOf(terminalId), { title })
        changed({ type: 'terminal', terminal: structuredClone(terminal) })
        return terminal
      },
      'terminals.close': async ({ terminalId }) => {
        terminals.splice(terminals.indexOf(terminalOf(terminalId)), 1)
        changed({ type: 'terminal_gone', workspaceId, terminalId })
        return {}
      },
      search: async ({ text, cursor }) => {
        await pause(120)
        if (text === 'nothing') return { hits: [], cursor: null }
        if (text === 'fail') throw new Error('search: the index is being made')
        const from = Number(cursor ?? 0)
        return {
          hits: searchHits(text, from, { workspaceId, workspaceName, sessionId }),
          cursor: from < 60 ? `${from + 30}` : null,
        }
      },
      'server.doctor': async ({ path }) => ({ findings: findings(path) }),
      'server.browsers': async () => [
        {
          ...{ id: 'b1', signedInAt: now - 3 * HOUR, seenAt: now, current: true },
          agent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0 Safari/537.36',
        },
        {
          ...{ id: 'b2', signedInAt: now - 50 * HOUR, seenAt: now - HOUR, current: false },
          agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile Safari/604.1',
        },
      ],
      'server.signOut': async () => ({ signedOut: 1 }),
      'server.link': async () => ({ url: `${location.origin}/open?token=fixture`, expiresAt: Date.now() + 300_000 }),
      'projects.scripts': async () => ({ hash: 'h', trusted, scripts: SCRIPTS }),
      'projects.trust': async ({ projectId, hash }) => {
        trusted = hash !== null
        const project: Project = {
          ...{ id: projectId, name: 'shop', path: '/home/ada/shop', addedAt: 0, demo: false },
          trust: { state: trusted ? 'trusted' : 'untrusted', hash: 'h' },
        }
        changed({ type: 'project', project })
        return project
      },
    },
    subscriptions: {
      'checks.log': async function* ({ runId }, signal) {
        const run = [...runs.values()].flat().find((one) => one.id === runId)
        const text = run?.name === 'build' ? hugeLog() : run?.name === 'test' ? testLog() : buildLog()
        yield* spoken(text, run?.state === 'running', signal)
      },
      'services.log': async function* ({ name }, signal) {
        let offset = 0
        let line = 0
        while (!signal.aborted) {
          const text = serviceLines(name, line, line === 0 ? 400 : 1)
          line += line === 0 ? 400 : 1
          yield { offset, text }
          offset += text.length
          await pause(700)
        }
      },
      'terminals.follow': async function* ({ terminalId }, signal) {
        const terminal = terminalOf(terminalId)
        yield { type: 'reset', data: '\x1b[32m~/code/shop\x1b[0m \x1b[34m(fix-login)\x1b[0m $ ' }
        if (terminal.state === 'exited') {
          yield { type: 'exit', code: terminal.exitCode ?? null }
          return
        }
        const waiting: string[] = []
        let wake = () => {}
        typed.set(terminalId, (data) => {
          waiting.push(data)
          wake()
        })
        signal.addEventListener('abort', () => wake())
        while (!signal.aborted) {
          const data = waiting.shift()
          if (data === undefined) await new Promise<void>((resolve) => (wake = resolve))
          else yield { type: 'data', data: data.replaceAll('\r', '\r\n\x1b[32m~/code/shop\x1b[0m $ ') }
        }
      },
    },
    initial: () => [
      ...checks.map((check) => ({ type: 'check' as const, check: structuredClone(check) })),
      ...services.map((service) => ({ type: 'service' as const, service: structuredClone(service) })),
      ...terminals.map((terminal) => ({ type: 'terminal' as const, terminal: structuredClone(terminal) })),
    ],
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function* spoken(text: string, slowly: boolean, signal: AbortSignal): AsyncIterable<LogPart> {
  const size = slowly ? 400 : 256 * 1024
  for (let offset = 0; offset < text.length && !signal.aborted; offset += size) {
    yield { offset, text: text.slice(offset, offset + size) }
    if (slowly) await pause(300)
  }
}
