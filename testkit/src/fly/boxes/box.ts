import type { Duplex } from 'node:stream'

/** What runs in a machine. */
export interface BoxSpec {
  /** The machine's. */
  readonly id: string
  readonly image: string
  /** Instead of the image's, as `config.init` says. */
  readonly init: { exec?: string[] | undefined; entrypoint?: string[] | undefined; cmd?: string[] | undefined }
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly { path: string; content: Buffer; mode?: number | undefined }[]
  /** Folders of this computer that stand at a path in the machine. */
  readonly mounts: readonly { folder: string; path: string }[]
  readonly memoryMb: number
  /** A line that the machine's process wrote. */
  onLine(line: string): void
}

export interface BoxExit {
  /** As a shell tells it: 128 and the signal's number if a signal ended it. */
  readonly code: number
  readonly oomKilled: boolean
}

export interface ExecResult {
  readonly code: number
  readonly signal: number
  readonly stdout: string
  readonly stderr: string
}

export interface ExecSpec {
  readonly argv: readonly string[]
  readonly stdin?: string | undefined
  readonly signal: AbortSignal
  /** Of each stream, in bytes; what is beyond is lost. */
  readonly limit: number
}

export interface BoxProcess {
  readonly pid: number
  readonly command: string
  readonly rssBytes: number
}

/** A machine's running content: real processes with a file system, process ids and a network of their own. */
export interface Box {
  readonly exited: Promise<BoxExit>
  /** Process id of something of it on this computer, for tests that look for what is left. */
  readonly pid: number
  /** To the main process. */
  signal(name: NodeJS.Signals): void
  /** Ends everything at once. */
  kill(): void
  suspend(): Promise<void>
  resume(): Promise<void>
  exec(spec: ExecSpec): Promise<ExecResult>
  isListening(port: number): Promise<boolean>
  connect(port: number): Promise<Duplex>
  processes(): Promise<BoxProcess[]>
}

export interface BoxMaker extends AsyncDisposable {
  /** Whether there is such an image. */
  has(image: string): Promise<boolean>
  /** Resolves when the main process runs. */
  start(spec: BoxSpec): Promise<Box>
  /** This computer's loopback, as machines reach it. */
  readonly hostLoopback: string
}

/** Where a machine's programs are looked for, unless its image says. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
