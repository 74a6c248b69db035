/**
 * How many requests may be under way at once, and from when on. A provider that says "too much" is believed: half as many, after
 * a pause; each success allows one more again.
 */
export class Pace {
  readonly #most: number
  #limit: number
  #until = 0

  constructor(concurrency: number) {
    this.#most = concurrency
    this.#limit = concurrency
  }

  get limit(): number {
    return this.#limit
  }

  /** Nothing is begun before this time, Unix milliseconds. */
  get until(): number {
    return this.#until
  }

  succeeded(): void {
    this.#limit = Math.min(this.#most, this.#limit + 1)
  }

  tooMuch(until: number): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2))
    this.wait(until)
  }

  /** Parks everything until a time. */
  wait(until: number): void {
    this.#until = Math.max(this.#until, until)
  }
}
