import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Asks in a process of its own: answers are remembered for the life of a process. */
function ask(expression: string, env: Record<string, string>): unknown {
  const module = JSON.stringify(join(import.meta.dirname, 'requirements.ts'))
  const code = `const { has, missing } = await import(${module}); console.log(JSON.stringify(${expression}))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { env, encoding: 'utf8' })
  return JSON.parse(stdout)
}

test('a program on the PATH is there', () => {
  expect(ask("has('git')", { PATH: process.env.PATH ?? '' })).toBe(true)
})

test('what SKEIN_SKIP names is missing, and nothing else', () => {
  const env = { PATH: process.env.PATH ?? '', SKEIN_SKIP: 'zsh, git' }
  expect(ask("[has('git'), has('zsh'), has('ps')]", env)).toEqual([false, false, true])
})

test('with an empty PATH everything is missing, each with the Debian package that brings it', () => {
  const debian = ask('missing().map((each) => each.debian)', { PATH: '/nonexistent' })
  expect(debian).toEqual(expect.arrayContaining(['git', 'bubblewrap', 'socat', 'zsh', 'tmux', 'procps', 'git-lfs']))
})
