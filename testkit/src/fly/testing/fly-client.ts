import { test } from 'vitest'
import { has } from '../../../../scripts/requirements.ts'
import { type FakeClock, fakeClock } from '../clock.ts'
import type { FlyEmulator } from '../emulator.ts'
import type { FlyOptions } from '../options.ts'
import { startFly } from '../start.ts'
import type { MachineConfig, MachineEvent, MachineState } from '../state/shapes.ts'

/** Machines need Linux's namespaces, and slirp4netns for their network. */
export const testWithMachines = test.runIf(has('slirp4netns'))

/** The one app of these tests. */
export const APP = 'herd'

export interface Reply<T> {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: T
}

export interface MachineView {
  id: string
  name: string
  state: MachineState
  region: string
  instance_id: string
  config: MachineConfig
  incomplete_config: MachineConfig | null
  image_ref: { digest: string; labels: unknown; repository: string }
  events: MachineEvent[]
  host_status: string
  nonce?: string
}

export interface Failure {
  error: string
  message?: string
  status?: string
}

type Body = object | string | undefined

/** A plain client of an emulator: what is sent is what the test says, and nothing is tried again. */
export class FlyClient implements AsyncDisposable {
  readonly fly: FlyEmulator

  private constructor(fly: FlyEmulator) {
    this.fly = fly
  }

  /** With one app, one image that has nothing of its own, and limits that are not reached. */
  static async start(options: FlyOptions = {}): Promise<FlyClient> {
    return new FlyClient(
      await startFly({
        apps: [APP],
        images: { base: { cmd: ['sleep', '1000'] } },
        limits: { scale: 1000 },
        ...options,
      }),
    )
  }

  /** The same, whose time only passes by `advance`. */
  static async withFakeClock(options: FlyOptions = {}): Promise<{ client: FlyClient; clock: FakeClock }> {
    const clock = fakeClock()
    return { client: await FlyClient.start({ ...options, clock }), clock }
  }

  async call<T = Failure>(
    method: string,
    path: string,
    body?: Body,
    headers: Record<string, string> = {},
  ): Promise<Reply<T>> {
    const response = await fetch(`${this.fly.apiUrl}${path}`, {
      method,
      headers: { authorization: this.fly.token, ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (isJson ? JSON.parse(text) : undefined) as T,
    }
  }

  /** Of the machines of the app. */
  machine<T = Failure>(method: string, path: string, body?: Body, headers?: Record<string, string>): Promise<Reply<T>> {
    return this.call<T>(method, `/apps/${APP}/machines${path}`, body, headers)
  }

  /** A machine that runs that, or sleeps. */
  async create(
    argv: readonly string[] | undefined = undefined,
    config: Partial<MachineConfig> = {},
    request: object = {},
  ): Promise<MachineView> {
    const init = argv === undefined ? {} : { init: { exec: [...argv] } }
    const whole = { image: 'base', restart: { policy: 'no' as const }, ...init, ...config }
    const reply = await this.machine<MachineView>('POST', '', { config: whole, ...request })
    if (reply.status !== 200) throw new Error(`creating a machine: ${reply.status} ${reply.text}`)
    return reply.json
  }

  /** Created, and started. */
  async run(argv?: readonly string[], config?: Partial<MachineConfig>, request?: object): Promise<MachineView> {
    const machine = await this.create(argv, config, request)
    // From its launch on: what ends at once has been started, too.
    await this.until(machine, 'started', 30, `&from_event_id=${machine.events[0]?.id}`)
    return machine
  }

  async until({ id }: { id: string }, state: string, timeout = 30, more = ''): Promise<void> {
    const reply = await this.machine('GET', `/${id}/wait?state=${state}&timeout=${timeout}${more}`)
    if (reply.status !== 200) throw new Error(`waiting for ${state}: ${reply.status} ${reply.text}`)
  }

  async show({ id }: { id: string }): Promise<MachineView> {
    return (await this.machine<MachineView>('GET', `/${id}`)).json
  }

  async exec({ id }: { id: string }, command: readonly string[]): Promise<{ exit_code: number; stdout: string }> {
    return (await this.machine<{ exit_code: number; stdout: string }>('POST', `/${id}/exec`, { command })).json
  }

  async logs(query = '', token = this.fly.token): Promise<Reply<LogPage>> {
    const response = await fetch(`${this.fly.logsUrl}/api/v1/apps/${APP}/logs?${query}`, {
      headers: { authorization: token },
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: JSON.parse(text) as LogPage }
  }

  /** What all machines wrote and what was written about them. */
  async messages(): Promise<string[]> {
    return (await this.logs()).json.data.map(({ attributes }) => attributes.message)
  }

  /** Fails the test if the emulator did something wrong. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { contract, defects } = this.fly
    const own = contract.violations.filter(({ side }) => side === 'response')
    await this.fly[Symbol.asyncDispose]()
    if (own.length + defects.length > 0)
      throw new Error(`the emulator is wrong: ${JSON.stringify(own)} ${defects.map(String).join('\n')}`)
  }
}

export interface LogPage {
  data: { id: string; attributes: { message: string; timestamp: string; meta: { event: { provider: string } } } }[]
  meta: { next_token: string }
}
