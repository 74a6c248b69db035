export type { FolderImage } from './boxes/folder-image.ts'
export { type FakeClock, type FlyClock, fakeClock, realClock } from './clock.ts'
export type { FlyEmulator, FlySnapshot } from './emulator.ts'
export type { FaultKind, FaultRule, Faults } from './faults.ts'
export type { FlyCall } from './journal.ts'
export type { LimitViolation } from './limits.ts'
export type { ContractViolation } from './openapi/contract.ts'
export {
  type BootProfile,
  bootProfiles,
  type ExitEventForm,
  type FlyOptions,
  type FlyToken,
  type RegionCapacity,
} from './options.ts'
export { startFly } from './start.ts'
export type { MachineTruth, VolumeTruth } from './truth.ts'
