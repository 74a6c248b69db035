import type { Machine } from '@skein/plugin-api'
import type { MachineLinks } from './links.ts'
import type { MachineRow } from './machines.ts'
import { Turns } from './turns.ts'

export interface RestingOptions {
  state(machineId: string): Promise<MachineRow['state'] | undefined>
  setState(machineId: string, state: MachineRow['state']): Promise<void>
  machine(machineId: string): Promise<Machine>
  links: Pick<MachineLinks, 'state' | 'drop'>
}

/** Stops machines that nobody needs for now and starts them again; of one machine, one after the other. */
export class Resting {
  readonly #options: RestingOptions
  readonly #turns = new Turns()

  constructor(options: RestingOptions) {
    this.#options = options
  }

  /**
   * Stops a machine until something needs it; written down before, so that who is killed meanwhile goes on. `stillQuiet` is asked
   * when nobody can reach it any more. Answers whether it rests now.
   */
  rest(machineId: string, stillQuiet: () => Promise<boolean>): Promise<boolean> {
    const { state, setState, machine, links } = this.#options
    return this.#turns.run(machineId, async () => {
      const before = await state(machineId)
      if (before !== 'known' && before !== 'resting') return false
      await setState(machineId, 'resting')
      const link = links.state(machineId)?.state
      // Whoever connects now needs it, and waits for this turn to end.
      if (link === undefined || link === 'connected') {
        await links.drop(machineId)
        if (await stillQuiet()) {
          const stopping = machine(machineId).then((found) => found.stop())
          // What could not be stopped is tried again.
          await stopping.catch((error: unknown) => setState(machineId, 'known').then(() => Promise.reject(error)))
          return true
        }
      }
      await this.#wake(machineId)
      return false
    })
  }

  /** Starts a machine that rests, for something that needs it. */
  async awaken(machineId: string): Promise<void> {
    if ((await this.#options.state(machineId)) !== 'resting') return
    await this.#turns.run(machineId, () => this.#wake(machineId))
  }

  async #wake(machineId: string): Promise<void> {
    const { state, setState, machine } = this.#options
    if ((await state(machineId)) !== 'resting') return
    await (await machine(machineId)).start()
    await setState(machineId, 'known')
  }
}
