import type { Report } from './report.ts'

/** Says nothing on the way. */
export const quietReport: Report = {
  workspace() {},
  log() {},
  event() {},
  notice() {},
  outOfReach() {},
  activity() {},
  hold: () => () => {},
  close() {},
}
