import type { FolderImage } from './boxes/folder-image.ts'
import type { FlyClock } from './clock.ts'

/** How long Fly takes to bring machines up, in milliseconds of the emulator's clock, beside what the process itself takes. */
export interface BootProfile {
  /** From `created` to `starting`, when the image must be fetched first. */
  readonly create: number
  /** From `starting` to `started`. */
  readonly start: number
}

/** What was seen: a warm small image, node:20-slim, 2 GB on a cold host, and the machine that never comes up. */
export const bootProfiles = {
  instant: { create: 0, start: 0 },
  fast: { create: 300, start: 300 },
  slim: { create: 4_000, start: 500 },
  large: { create: 70_000, start: 1_400 },
  never: { create: Number.POSITIVE_INFINITY, start: Number.POSITIVE_INFINITY },
} as const satisfies Record<string, BootProfile>

/**
 * Where Fly tells how a machine's process ended: `a` in `request.exit_event` with milliseconds, `b` there with a
 * date, `c` in `request.MonitorEvent`, `d` in `request.monitor_event`, `e` as `b` without what is 0 or false, `f` not at all: an exit
 * event without a request, `none`: no exit event.
 */
export type ExitEventForm = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'none'

export interface FlyToken {
  /** As `fly tokens create` prints it, with or without its scheme. */
  readonly value: string
  /** A readonly token may only read; a deploy token is good for one app; logs may refuse it. */
  readonly kind: 'org' | 'deploy' | 'readonly'
  readonly app?: string
  /** May not create apps: 500 with `unauthorized`, as Fly does. */
  readonly mayCreateApps?: boolean
}

/** What a region has; undefined is without limit. */
export interface RegionCapacity {
  /** The organisation's quota. Beyond it: 403. */
  readonly quotaMb?: number
  /** Of the hosts together. Beyond it: 409 when a machine is started, 422 when one is created, 412 with a volume. */
  readonly hostMb?: number
}

export interface FlyOptions {
  /** 0, the default, takes a free port. */
  port?: number
  org?: string
  /** Apps that exist from the start. */
  apps?: readonly string[]
  /** Apps that belong to somebody else: their names are taken. */
  foreignApps?: readonly string[]
  tokens?: readonly FlyToken[]
  /** Folders that are images, by reference; without docker only these exist. */
  images?: Readonly<Record<string, FolderImage>>
  /** Folders of this computer that machines without docker see as they are. */
  shared?: readonly string[]
  /** Runs machines as containers of that docker. `network`: the network namespace that its bridges are in, if another. */
  docker?: { env: Readonly<Record<string, string>>; network?: string; hostLoopback?: string }
  /** Where volumes and machines are kept; a temporary folder unless given. */
  folder?: string
  clock?: FlyClock
  boot?: keyof typeof bootProfiles | BootProfile
  exitEvents?: ExitEventForm
  /** What becomes of a machine whose image is not there. */
  badImage?: 'failed' | 'launch_failed'
  /** Until a machine may be started that has just stopped; up to 8,000. */
  activeAfterStopMs?: number
  /** How long a destroyed machine is still shown. */
  goneAfterMs?: number
  /** How long the machines' service does not know a new app: lists are 404, other calls 400. */
  appDelayMs?: number
  /** How late lists show a new machine. */
  listDelayMs?: number
  suspendMs?: number
  restartDelayMs?: number
  /** How late after its machine's end a volume may be used again. */
  volumeReleaseMs?: number
  /** How long a volume that was destroyed is kept. */
  volumeKeptMs?: number
  /** Between the states of a volume that is forked from another. */
  hydrateMs?: number
  /** How long after the last connection a machine is stopped whose service says `autostop`. */
  autostopMs?: number
  /** How late logs show a line. */
  logDelayMs?: number
  /** Whether waiting for what cannot come any more is refused at once (400) or only after its timeout (408). Both were seen. */
  refuseHopelessWaits?: boolean
  /** The API of 2023: waiting for `stopped` asks for `instance_id`. */
  legacyWait?: boolean
  /** Whether the logs are not for tokens of an app. */
  logsRefuseDeployTokens?: boolean
  /** Of each stream of an `exec`, in bytes. */
  execOutputLimit?: number
  /** Fly's rate limits, times `scale`; those that are exceeded are noted, and answered with 429 unless `enforce` is false. */
  limits?: { scale?: number; enforce?: boolean }
  capacity?: Readonly<Record<string, RegionCapacity>>
  /** For faults that come by chance. */
  seed?: number
  /** Whether what does not fit Fly's OpenAPI document is answered with 500; it is noted in any case. Default: true. */
  strict?: boolean
}
