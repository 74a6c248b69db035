/** What the API says about things, as far as the emulator looks into it; the OpenAPI document knows all of it. */
export interface MachineConfig {
  image: string
  env?: Record<string, string>
  init?: { exec?: string[]; entrypoint?: string[]; cmd?: string[]; tty?: boolean; swap_size_mb?: number }
  files?: { guest_path: string; raw_value?: string; secret_name?: string; mode?: number }[]
  guest?: MachineGuest
  mounts?: { volume: string; path: string; name?: string }[]
  restart?: { policy: 'no' | 'on-failure' | 'always' | 'spot-price'; max_retries?: number }
  auto_destroy?: boolean
  stop_config?: { signal?: string; timeout?: string | number }
  metadata?: Record<string, string>
  services?: MachineService[]
  [key: string]: unknown
}

export interface MachineGuest {
  cpu_kind?: string
  cpus?: number
  memory_mb?: number
  [key: string]: unknown
}

export interface MachineService {
  protocol?: string
  internal_port?: number
  autostart?: boolean
  autostop?: 'off' | 'stop' | 'suspend' | boolean
  min_machines_running?: number
  ports?: { port?: number; handlers?: string[] }[]
  force_instance_key?: string | null
  [key: string]: unknown
}

export type MachineState =
  | 'created'
  | 'starting'
  | 'started'
  | 'stopping'
  | 'stopped'
  | 'suspending'
  | 'suspended'
  | 'restarting'
  | 'updating'
  | 'replacing'
  | 'replaced'
  | 'launch_failed'
  | 'failed'
  | 'destroying'
  | 'destroyed'
  | 'migrated'

export interface MachineEvent {
  id: string
  type: string
  status: string
  source: 'user' | 'flyd'
  timestamp: number
  request?: Record<string, unknown>
}

export interface ImageRef {
  registry: string
  repository: string
  tag: string
  digest: string
  labels: Record<string, string> | null
}
