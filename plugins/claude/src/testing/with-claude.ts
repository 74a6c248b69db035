import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LaunchOptions } from '@skein/plugin-api'
import {
  claudeEnv,
  claudeExecutable,
  type Model,
  type ModelOptions,
  type Script,
  smallRepository,
  startModel,
  temporaryFolder,
} from '@skein/testkit'
import { expect } from 'vitest'
import { LiveSession } from './live-session.ts'

export interface Setting {
  model: Model
  /** A small repository. */
  cwd: string
  /** A folder beside it, with a file `key` that holds `SECRET`. */
  secrets: string
  /** What a session has for its environment, a key among it. */
  env: Record<string, string>
  open(options?: Partial<LaunchOptions>): LiveSession
}

/** Sessions of the real Claude Code in a small repository, against the script; nothing of them is left afterwards. */
export async function withClaude(
  script: Script,
  check: (setting: Setting) => Promise<void>,
  options: ModelOptions = {},
): Promise<void> {
  await using folder = await temporaryFolder('plugin-claude')
  const cwd = await smallRepository(join(folder.path, 'repository'))
  const secrets = join(folder.path, 'secrets')
  await mkdir(secrets)
  await writeFile(join(secrets, 'key'), 'SECRET\n')
  await using model = await startModel(script, options)
  await using sessions = new AsyncDisposableStack()
  // Few retries: they wait for longer each time.
  const env = claudeEnv(model, join(folder.path, 'home'), { CLAUDE_CODE_MAX_RETRIES: '4' })
  const open = (more: Partial<LaunchOptions> = {}) =>
    sessions.use(new LiveSession({ cwd, folder: folder.path, executable: claudeExecutable(), env, ...more }))
  await check({ model, cwd, secrets, env, open })
  expect(model.failures).toEqual([])
}
