import type { ApiParams, ApiResult } from './api.ts'
import type { LogPart } from './api-work.ts'

/** A log comes from its beginning each time: what was passed on already is left out, by its offset. */
export class CheckLogResumption {
  readonly #params: ApiParams<'checks.log'>
  readonly #passed = new Passed()

  constructor(params: ApiParams<'checks.log'>) {
    this.#params = params
  }

  params(): ApiParams<'checks.log'> {
    return this.#params
  }

  receive(part: LogPart): LogPart[] {
    return this.#passed.fresh(part)
  }

  restart(): void {}
}

/** As a check's log; a service that was started again has another one. */
export class ServiceLogResumption {
  readonly #params: ApiParams<'services.log'>
  readonly #passed = new Passed()

  constructor(params: ApiParams<'services.log'>) {
    this.#params = params
  }

  params(): ApiParams<'services.log'> {
    return this.#params
  }

  receive(part: LogPart): LogPart[] {
    return this.#passed.fresh(part)
  }

  restart(): void {}
}

/** A new connection begins with `reset` and all that the terminal holds, which is what a screen that missed something needs. */
export class TerminalResumption {
  readonly #params: ApiParams<'terminals.follow'>

  constructor(params: ApiParams<'terminals.follow'>) {
    this.#params = params
  }

  params(): ApiParams<'terminals.follow'> {
    return this.#params
  }

  receive(item: ApiResult<'terminals.follow'>): ApiResult<'terminals.follow'>[] {
    return [item]
  }

  restart(): void {}
}

/** How much of a log was passed on. */
class Passed {
  #end = 0
  #epoch: number | undefined

  fresh(part: LogPart): LogPart[] {
    if (part.epoch !== this.#epoch) {
      this.#epoch = part.epoch
      this.#end = 0
    }
    const { offset, text } = part
    const end = offset + text.length
    const overlap = this.#end - offset
    // An empty part says that another log begins.
    if (overlap > 0 && end <= this.#end) return []
    this.#end = Math.max(this.#end, end)
    return overlap <= 0 ? [part] : [{ ...part, offset: offset + overlap, text: text.slice(overlap) }]
  }
}
