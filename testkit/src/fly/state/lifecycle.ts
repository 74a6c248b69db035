import type { Box, BoxExit } from '../boxes/box.ts'
import { boxSpec } from './box-spec.ts'
import { exitRequest } from './exit-event.ts'
import { aborted, type Machine } from './machine.ts'
import type { World } from './world.ts'

const DEFAULT_GRACE = 5_000
const DEFAULT_RETRIES = 10

export interface StopRequest {
  readonly signal?: NodeJS.Signals | undefined
  /** Until it is killed. */
  readonly graceMs?: number | undefined
}

/** What Fly does with machines once it has said yes. Each method answers at once; what it begins goes on by itself. */
export class Lifecycle {
  readonly #world: World
  readonly #lastExit = new WeakMap<Machine, { restarting: boolean }>()
  readonly #discarded = new WeakSet<Box>()

  constructor(world: World) {
    this.#world = world
  }

  /** Of a machine that was just created. */
  launch(machine: Machine): void {
    machine.launching = true
    this.#act(machine, async (signal) => {
      await this.#world.clock.sleep(this.#world.behaviour.boot.create, signal)
      await this.#boot(machine, signal)
    })
  }

  start(machine: Machine): void {
    machine.restarts = 0
    const { box } = machine
    machine.addEvent('start', 'starting', 'user')
    machine.become('starting')
    this.#act(machine, async (signal) => {
      if (box === undefined || machine.box !== box) return this.#boot(machine, signal)
      if (this.#world.behaviour.snapshots === 'kept') return this.#resume(machine, box)
      await this.#discard(machine, box)
      await this.#boot(machine, signal)
    })
  }

  stop(machine: Machine, request: StopRequest): void {
    const suspended = machine.state === 'suspended' ? machine.box : undefined
    machine.stopWasRequested = true
    machine.addEvent('stop', 'stopping', 'user')
    machine.become('stopping')
    this.#act(machine, async (signal) => {
      if (suspended) await this.#discard(machine, suspended)
      else await this.#end(machine, request, signal)
      await machine.leave('stopping', signal)
      machine.become('stopped')
    })
  }

  restart(machine: Machine, request: StopRequest): void {
    machine.stopWasRequested = true
    machine.restarts = 0
    machine.addEvent('restart', 'restarting', 'user')
    machine.become('restarting')
    this.#act(machine, async (signal) => {
      await this.#end(machine, request, signal)
      await this.#boot(machine, signal)
    })
  }

  suspend(machine: Machine): void {
    machine.addEvent('suspend', 'suspending', 'user')
    machine.become('suspending')
    this.#act(machine, async (signal) => {
      await this.#world.clock.sleep(this.#world.behaviour.suspendMs, signal)
      await machine.box?.suspend()
      signal.throwIfAborted()
      cutConnections(machine)
      machine.addEvent('suspend', 'suspended', 'flyd')
      machine.become('suspended')
      this.#world.logs.add(machine, 'runner', 'Machine is suspended')
    })
  }

  /** Its configuration is another already. `runs`: whether it is to run afterwards. */
  replace(machine: Machine, runs: boolean): void {
    machine.stopWasRequested = true
    machine.addEvent('update', 'replacing', 'user')
    machine.become('replacing')
    this.#act(machine, async (signal) => {
      await this.#end(machine, {}, signal)
      await machine.leave('replacing', signal)
      if (runs) await this.#boot(machine, signal)
      else machine.become('stopped')
    })
  }

  destroy(machine: Machine, source: 'user' | 'flyd' = 'user'): void {
    if (source === 'user') machine.stopWasRequested = true
    machine.addEvent('destroy', 'destroying', source)
    machine.become('destroying')
    this.#act(machine, async (signal) => {
      machine.box?.kill()
      await machine.ended
      await machine.leave('destroying', signal)
      this.#gone(machine)
    })
  }

  /** Its host is given up: this placement is over. */
  migrate(machine: Machine): void {
    this.#act(machine, async () => {
      machine.box?.kill()
      await machine.ended
      machine.become('migrated')
    })
  }

  #gone(machine: Machine): void {
    const { clock, behaviour } = this.#world
    for (const volume of machine.app.volumes.values())
      if (volume.attachedTo === machine.id) volume.release(clock.now() + behaviour.volumeReleaseMs)
    machine.addEvent('destroy', 'destroyed', 'flyd')
    machine.become('destroyed')
  }

  async #boot(machine: Machine, signal: AbortSignal): Promise<void> {
    const { clock, behaviour, boxes, logs } = this.#world
    if (machine.state !== 'starting') machine.become('starting')
    await clock.sleep(behaviour.boot.start, signal)
    logs.add(machine, 'runner', `Pulling container image ${machine.config.image}`)
    if (!(await boxes.has(machine.config.image))) return this.#hasNoImage(machine)
    const spec = await boxSpec(this.#world, machine)
    logs.add(machine, 'runner', 'Configuring firecracker')
    logs.add(machine, 'app', ' INFO Starting init')
    const box = await boxes.start(spec)
    machine.launching = false
    machine.box = box
    machine.stopWasRequested = false
    machine.clockSkewMs = 0
    machine.ended = this.#watch(machine, box)
    signal.throwIfAborted()
    machine.addEvent('start', 'started', 'flyd')
    machine.become('started')
  }

  #hasNoImage(machine: Machine): void {
    const { behaviour, logs } = this.#world
    machine.launching = false
    logs.add(machine, 'runner', `Pulling container image ${machine.config.image} failed: not found`, 'error')
    machine.addEvent('launch', behaviour.badImage, 'flyd')
    machine.become(behaviour.badImage)
    if (behaviour.badImage === 'launch_failed') this.#gone(machine)
  }

  async #resume(machine: Machine, box: Box): Promise<void> {
    await box.resume()
    machine.addEvent('start', 'started', 'flyd')
    machine.become('started')
    this.#world.logs.add(machine, 'runner', 'Machine is resumed')
  }

  /** What was suspended goes without having run again, so without an exit. */
  async #discard(machine: Machine, box: Box): Promise<void> {
    this.#discarded.add(box)
    box.kill()
    await machine.ended
  }

  /** The main process gets the signal, and time; then everything is killed. */
  async #end(machine: Machine, request: StopRequest, signal: AbortSignal): Promise<void> {
    const { box, config } = machine
    if (box === undefined) return
    const grace = request.graceMs ?? milliseconds(config.stop_config?.timeout) ?? DEFAULT_GRACE
    const name = request.signal ?? (config.stop_config?.signal as NodeJS.Signals | undefined) ?? 'SIGINT'
    const over = new AbortController()
    const late = this.#world.clock
      .sleep(grace, AbortSignal.any([signal, over.signal]))
      .then(() => box.signal('SIGKILL'))
    late.catch(() => undefined)
    await box.resume()
    box.signal(name)
    await Promise.race([machine.ended, aborted(signal)])
    over.abort()
    signal.throwIfAborted()
  }

  async #watch(machine: Machine, box: Box): Promise<void> {
    const exit = await box.exited
    machine.box = undefined
    cutConnections(machine)
    if (this.#discarded.has(box)) return
    this.#noteExit(machine, exit)
    if (machine.state === 'started' || machine.state === 'suspended' || machine.state === 'suspending')
      this.#goOn(machine)
  }

  #noteExit(machine: Machine, exit: BoxExit): void {
    const { behaviour, clock, logs } = this.#world
    const restarting = wantsRestart(machine, exit.code)
    this.#lastExit.set(machine, { restarting })
    const ending = {
      exit,
      requestedStop: machine.stopWasRequested,
      restarting,
      restartCount: machine.restarts,
      at: clock.now(),
    }
    const killed = exit.code > 128 ? ` with signal ${exit.code - 128}` : ` normally with code: ${exit.code}`
    logs.add(machine, 'app', ` INFO Main child exited${killed}`)
    if (exit.oomKilled) logs.add(machine, 'runner', 'Process appears to have been OOM killed!', 'error')
    const next = restarting ? 'restarting' : 'not restarting'
    logs.add(machine, 'runner', `machine exited with exit code ${exit.code}, ${next}`)
    if (behaviour.exitEvents !== 'none')
      machine.addEvent('exit', 'stopped', 'flyd', exitRequest(behaviour.exitEvents, ending))
  }

  /** After an end that nobody asked for. */
  #goOn(machine: Machine): void {
    const { clock, behaviour, logs } = this.#world
    if (machine.config.auto_destroy === true) this.destroy(machine, 'flyd')
    else if (this.#lastExit.get(machine)?.restarting === true) {
      machine.restarts += 1
      machine.become('restarting')
      this.#act(machine, async (signal) => {
        await clock.sleep(behaviour.restartDelayMs, signal)
        await this.#boot(machine, signal)
      })
    } else {
      const { policy = 'on-failure', max_retries: most = DEFAULT_RETRIES } = machine.config.restart ?? {}
      if (policy !== 'no' && machine.restarts > 0 && machine.restarts >= most)
        logs.add(machine, 'runner', `machine has reached its max restart count of ${most}`, 'error')
      machine.become('stopped')
    }
  }

  /** What is done with a machine is done one after the other, and only the last that was asked for to its end. */
  #act(machine: Machine, action: (signal: AbortSignal) => Promise<void>): void {
    const signal = AbortSignal.any([machine.supersede(), this.#world.closing])
    machine.acting = machine.acting.then(async () => {
      try {
        if (!signal.aborted) await action(signal)
      } catch (error) {
        if (!signal.aborted) this.#failed(machine, error)
      }
    })
  }

  #failed(machine: Machine, error: unknown): void {
    this.#world.defects.push(error)
    this.#world.logs.add(machine, 'runner', `the emulator failed: ${error}`, 'error')
    machine.become('failed')
  }
}

function wantsRestart(machine: Machine, code: number): boolean {
  const { policy = 'on-failure', max_retries: most = DEFAULT_RETRIES } = machine.config.restart ?? {}
  if (machine.stopWasRequested || machine.config.auto_destroy === true || policy === 'no') return false
  if (!['started', 'starting', 'suspended', 'suspending'].includes(machine.state)) return false
  return policy === 'always' || (code !== 0 && machine.restarts < most)
}

function cutConnections(machine: Machine): void {
  for (const connection of machine.connections) connection.destroy()
  machine.connections.clear()
}

/** A duration as Go writes it (`1m30s`), or a number of nanoseconds; undefined if it is none. */
export function milliseconds(duration: unknown): number | undefined {
  if (typeof duration === 'number') return duration / 1e6
  if (typeof duration !== 'string') return undefined
  if (/^\d+$/.test(duration)) return Number(duration) * 1000
  if (!/^(\d+(\.\d+)?(h|ms|m|s|us|ns))+$/.test(duration)) return undefined
  const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1, us: 1e-3, ns: 1e-6 }
  const parts = duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g)
  return [...parts].reduce((sum, [, value, unit]) => sum + Number(value) * units[unit as keyof typeof units], 0)
}
