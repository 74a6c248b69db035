import type { MachinePool } from '@skein/protocol'

/** How a pool is, in a few words. */
export function poolText({ size, ready, preparing, problem }: MachinePool): string {
  return [
    `${ready} of ${size} ready`,
    ...(preparing > 0 ? [`${preparing} being made`] : []),
    ...(problem === undefined ? [] : ['the last could not be made']),
  ].join(', ')
}
