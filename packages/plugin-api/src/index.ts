// What a plugin needs of the protocol, so that it has one import.
export {
  type AgentError,
  AgentEvent,
  type AgentEventOf,
  type ContentBlock,
  daemonEnvironment,
  type Hunk,
  type MachineSetting,
  type McpServer,
  type Monitored,
  type MonitoredService,
  type PermissionMode,
  type PermissionOption,
  PROXY_VARIABLES,
  type ProcessExit,
  type ProcessSpec,
  type Question,
  SkeinError,
  type StopReason,
  socketPath,
  type ToolContent,
  type ToolKind,
  textOf,
} from '@skein/protocol'
export * from './agent.ts'
export * from './machine.ts'
export * from './plugin.ts'
export * from './shell/door.ts'
export type { NodePackage, NodeRelease } from './shell/node-release.ts'
export * from './shell/process-door.ts'
export { type MachineFacts, RunnerDoor, type RunnerDoorOptions } from './shell/runner-door.ts'
export * from './tunnel.ts'
