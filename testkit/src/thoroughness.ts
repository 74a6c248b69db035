/** `SKEIN_THOROUGH=1`: everything that is tried at random moments is tried as often as it was thought of. */
export const isThorough: boolean = process.env.SKEIN_THOROUGH === '1'

/** How often something is tried at random moments: with every change a part of what a thorough run does, at least twice. */
export function repetitions(thorough: number): number {
  return isThorough ? thorough : Math.max(2, Math.ceil(thorough * 0.12))
}
