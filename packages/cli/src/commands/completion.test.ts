import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@skein/testkit'
import { describe, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const has = (program: string) => spawnSync(program, ['-c', ':']).status === 0
const scripts = new Map<string, string>()
const script = (shell: string) => {
  const made = scripts.get(shell) ?? execFileSync(process.execPath, [MAIN, 'completion', shell], { encoding: 'utf8' })
  scripts.set(shell, made)
  return made
}

/** A `skein` for the shell to call, which knows three names. */
async function stage() {
  const folder = await temporaryFolder('completion')
  const skein = join(folder.path, 'skein')
  writeFileSync(
    skein,
    '#!/bin/sh\n[ "$1 $2" = "complete workspaces" ] && printf "alpha\\nbeta\\nbravo\\n"\n[ "$1 $2" = "complete places" ] && printf "local\\nssh:build-box\\nssh:bench\\ndocker\\n"\n:\n',
  )
  chmodSync(skein, 0o755)
  return { folder, env: { ...process.env, PATH: `${folder.path}:${process.env.PATH}` } }
}

describe.skipIf(!has('bash'))('in bash', () => {
  const complete = async (words: string[]) => {
    const { folder, env } = await stage()
    await using _ = folder
    writeFileSync(join(folder.path, 'load'), script('bash'))
    const ask = `. ${join(folder.path, 'load')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _skein; printf '%s\\n' "\${COMPREPLY[@]}"`
    const found = execFileSync('bash', ['--norc', '-c', ask], { encoding: 'utf8', env, cwd: folder.path })
    return found.split('\n').filter((line) => line !== '')
  }

  it.each([
    [
      ['skein', 'r'],
      ['run', 'rm', 'restore', 'reap', 'retry'],
    ],
    [['skein', 'run', '--perm'], ['--permission-mode']],
    [
      ['skein', 'run', '--permission-mode', 'a'],
      ['ask', 'accept_edits'],
    ],
    [
      ['skein', 'diff', 'b'],
      ['beta', 'bravo'],
    ],
    [['skein', 'rm', 'alpha', 'be'], ['beta']],
    [
      ['skein', 'server', 's'],
      ['status', 'stop'],
    ],
    [['skein', 'completion', 'z'], ['zsh']],
    [['skein', 'run', '--patch', 'lo'], ['load']],
    [
      ['skein', 'run', '--on', 'ss'],
      ['ssh:build-box', 'ssh:bench'],
    ],
    [
      ['skein', 'machine', 's'],
      ['show', 'shell', 'start', 'stop'],
    ],
    // As bash breaks the words: it puts what is offered behind the colon.
    [
      ['skein', 'new', '--on', 'ssh', ':', 'b'],
      ['build-box', 'bench'],
    ],
    [
      ['skein', 'new', '--on', 'ssh', ':'],
      ['build-box', 'bench'],
    ],
  ])('%j completes to %j', async (words, expected) => {
    expect((await complete(words)).toSorted()).toEqual(expected.toSorted())
  })
})

it.skipIf(!has('zsh'))('zsh loads its script and knows the commands and the names of workspaces', async () => {
  const { folder, env } = await stage()
  await using _ = folder
  writeFileSync(join(folder.path, 'load'), script('zsh'))
  // What the completion would add is caught where it is added.
  const ask = `autoload -U compinit; compinit -D -d ${join(folder.path, 'dump')}; . ${join(folder.path, 'load')}
_describe() { print -l -- "\${commands[@]}" }
compadd() { print -l -- "\${names[@]}" }
words=(skein ''); CURRENT=2; _skein
words=(skein diff ''); CURRENT=3; _skein_names workspaces`
  const found = execFileSync('zsh', ['-f', '-c', ask], { encoding: 'utf8', env, cwd: folder.path })
  expect(found).toContain('run:run one prompt in a workspace of its own')
  expect(found).toMatch(/alpha\nbeta\nbravo\n$/)
})

it('fish’s script names each command once, with its description', () => {
  const lines = script('fish').split('\n')
  expect(lines.filter((line) => line.includes('-a run -d'))).toEqual([
    "complete -c skein -n '__fish_use_subcommand' -f -a run -d 'run one prompt in a workspace of its own'",
  ])
  expect(
    lines.some(
      (line) => line.includes('__fish_seen_subcommand_from diff') && line.includes('(skein complete workspaces'),
    ),
  ).toBe(true)
})
