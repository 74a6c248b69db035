export type { DemoProject, Engine, EngineOptions, EngineSettings, Log } from '@skein/engine'
export type { SkeinPlugin } from '@skein/plugin-api'
export { type BuiltImage, buildImage, type ImageOptions } from '@skein/plugin-docker'
export {
  type AgentEvent,
  type Ask,
  type AskAnswer,
  type Envelope,
  type ErrorCode,
  type SkeinApi,
  SkeinError,
} from '@skein/protocol'
export { Batch } from './batch/batch.ts'
export type { BatchEvent } from './batch/events.ts'
export type { BatchFailure, RetryPolicy } from './batch/failure.ts'
export { junitOf } from './batch/junit.ts'
export type { KeepPolicy } from './batch/leave.ts'
export type { BatchOptions } from './batch/options.ts'
export type { BatchReport, RequestOutcome, RequestStatus } from './batch/outcome.ts'
export type { BatchRequest } from './batch/request.ts'
export { tableOf } from './batch/table.ts'
export { type ConnectTarget, connect } from './connect.ts'
export { type EmbedOptions, embed } from './embed/embed.ts'
export { type FlyImageOptions, type PublishedImage, publishFlyImage } from './fly-image.ts'
export { docker, fly, local, type MachineSettings, machine, type On, ssh } from './on.ts'
export { builtInPlugins, type OpenOptions, openSkein } from './open.ts'
export { RunError } from './run/errors.ts'
export type {
  AgentOptions,
  ArtifactRequest,
  AskCallback,
  Credential,
  CredentialCallback,
  McpServer,
  PlaceOptions,
  RepositorySpec,
  RunOptions,
  TurnOptions,
} from './run/options.ts'
export type {
  Artifact,
  Durations,
  Outcome,
  RunEvent,
  RunProblem,
  RunResult,
  StopCode,
  TurnResult,
  Usage,
} from './run/result.ts'
export { run } from './run/run.ts'
export { type PromptStream, type RunStream, stream } from './run/stream.ts'
export { runnerBundle } from './runner-bundle.ts'
export { listSessions, type SessionInfo } from './session/list.ts'
export type { NewSessionOptions, PromptOptions } from './session/options.ts'
export { attachSession, createSession, type Session } from './session/session.ts'
export { Skein } from './skein.ts'
export { version } from './version.ts'
export { webAssets } from './web-assets.ts'
