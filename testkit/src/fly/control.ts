import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { FlyEmulator } from './emulator.ts'
import type { FaultRule } from './faults.ts'
import { notRouted, Refusal } from './http/refusal.ts'
import { send, sendRefusal } from './http/send.ts'
import { tokenOf } from './http/tokens.ts'

/** What is under `/_emulator`: for those who drive the emulator from another process. */
export class Control {
  readonly #emulator: FlyEmulator
  readonly #faults = new Map<number, Disposable>()
  #lastFault = 0

  constructor(emulator: FlyEmulator) {
    this.#emulator = emulator
  }

  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    try {
      if (tokenOf(request.headers.authorization, [{ value: this.#emulator.token, kind: 'org' }]) === undefined)
        throw new Refusal(401, { error: 'the token that the emulator printed is needed' })
      const content = await text(request)
      const body: unknown = content === '' ? {} : JSON.parse(content)
      send(response, { status: 200, json: await this.#do(`${request.method} ${url.pathname}`, body) })
    } catch (error) {
      sendRefusal(response, error instanceof Refusal ? error : new Refusal(400, { error: String(error) }))
    }
  }

  async #do(what: string, body: unknown): Promise<unknown> {
    const emulator = this.#emulator
    const [, id] = /^DELETE \/_emulator\/faults\/(\d+)$/.exec(what) ?? []
    if (id !== undefined) return this.#removeFault(Number(id))
    switch (what) {
      case 'GET /_emulator/snapshot':
        return emulator.snapshot()
      case 'GET /_emulator/journal':
        return emulator.journal
      case 'POST /_emulator/faults':
        this.#lastFault += 1
        this.#faults.set(this.#lastFault, emulator.faults.add(body as FaultRule))
        return { id: this.#lastFault }
      case 'DELETE /_emulator/faults':
        emulator.faults.clear()
        return { ok: true }
      case 'POST /_emulator/behaviour':
        return Object.assign(emulator.behaviour, body)
      case 'POST /_emulator/apps':
        emulator.createApp((body as { name: string }).name)
        return { ok: true }
      case 'POST /_emulator/clock':
        await emulator.clock.advance((body as { advance: number }).advance)
        return { now: emulator.clock.now() }
      default:
        throw notRouted()
    }
  }

  #removeFault(id: number): unknown {
    this.#faults.get(id)?.[Symbol.dispose]()
    return { ok: this.#faults.delete(id) }
  }
}
