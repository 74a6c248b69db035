import type { LaunchOptions } from '@skein/plugin-api'
import { wantsSandbox } from './modes.ts'

/**
 * The settings of one start of Claude Code, given to it as a file: above the user's and the project's, below an
 * organisation's.
 */
export function settingsFor(
  options: Pick<LaunchOptions, 'permissionMode' | 'sandboxAvailable' | 'denyRead'>,
  credentials: { apiKeyHelper?: string },
): Record<string, unknown> {
  return {
    // The transcript is what a session is resumed from, however long it has slept. The default is 30 days.
    cleanupPeriodDays: 3650,
    // A question waits for its person; the default gives up after five minutes.
    dialogExpiry: 'never',
    permissions: { deny: options.denyRead.flatMap(denyRules) },
    ...(options.sandboxAvailable ? { sandbox: sandboxFor(options) } : {}),
    ...credentials,
  }
}

/** The whole of it in every mode, so that a change of mode only has to switch `enabled`. */
function sandboxFor({ permissionMode, denyRead }: Pick<LaunchOptions, 'permissionMode' | 'denyRead'>) {
  return {
    enabled: wantsSandbox(permissionMode),
    autoAllowBashIfSandboxed: true,
    // A command that needs more than the sandbox gives may be tried without it, and is then asked for.
    allowUnsandboxedCommands: true,
    filesystem: { denyRead },
  }
}

/** For Claude Code's own file tools, which the sandbox does not hold. Two slashes make a path absolute. */
function denyRules(path: string): string[] {
  return [`Read(/${path})`, `Read(/${path}/**)`]
}
