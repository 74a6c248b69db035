import type { FaultKind } from './faults.ts'

/** One request to the emulator, as it came and as it was answered. */
export interface FlyCall {
  readonly n: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** As Fly's OpenAPI document calls it (`Machines_create`), `Logs_read`, or undefined for what is not routed. */
  readonly action: string | undefined
  readonly app: string | undefined
  readonly machine: string | undefined
  /** As JSON, if it was that. */
  readonly body: unknown
  /** Milliseconds since 1970, by the emulator's clock. */
  readonly at: number
  /** 0 as long as there is no answer, and if there never was one. */
  status: number
  /** Milliseconds until the answer. */
  took: number
  fault: FaultKind | undefined
  readonly requestId: string
}
