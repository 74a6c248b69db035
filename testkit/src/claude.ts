import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import type { Model } from './model/server.ts'

/** The native executable of the `@anthropic-ai/claude-code` that this repository pins; what is on PATH is never used. */
export function claudeExecutable(): string {
  const wrapper = createRequire(import.meta.url).resolve('@anthropic-ai/claude-code/package.json')
  const candidates = [platformExecutable(wrapper), join(dirname(wrapper), 'bin', 'claude.exe')]
  const found = candidates.find((path) => path !== undefined && existsSync(path))
  if (found !== undefined) return found
  throw new SkeinError('missing', `finding the claude executable: none of ${candidates.join(', ')} exists`, {
    next: 'Run `npm ci` again, with optional dependencies.',
  })
}

/**
 * The whole environment of a claude process in a test: an allow-list, with its configuration under `home`, so that neither
 * the person's settings nor their credentials are seen. `model` is the scripted model or the variables that lead to another.
 */
export function claudeEnv(
  model: Pick<Model, 'env'>,
  home: string,
  extra: Record<string, string> = {},
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: home,
    CLAUDE_CONFIG_DIR: join(home, '.claude'),
    CLAUDE_CODE_TMPDIR: join(home, 'tmp'),
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
    GIT_CONFIG_GLOBAL: '/dev/null',
    // Where a test run keeps compiled modules, for the Node processes that are started with this.
    ...(process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
    ...model.env(),
    ...extra,
  }
}

/** npm installs the one package that fits the machine's processor and libc. */
function platformExecutable(wrapper: string): string | undefined {
  const platform = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`
  for (const name of [platform, `${platform}-musl`]) {
    try {
      return join(dirname(createRequire(wrapper).resolve(`${name}/package.json`)), 'claude')
    } catch {
      // Not this one.
    }
  }
  return undefined
}
