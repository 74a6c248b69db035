import { expect, test } from 'vitest'
import { remedyParts } from './remedy.ts'

test.each([
  ['chmod 700 /home/ada/.skein', '', ['chmod 700 /home/ada/.skein']],
  ['claude auth login', '', ['claude auth login']],
  ['Install Node 22.18 or later.', 'Install Node 22.18 or later.', []],
  ['Run `claude` there once and log in.', 'Run claude there once and log in.', []],
  [
    'Allow user namespaces (in a container: `--security-opt seccomp=unconfined`).',
    'Allow user namespaces (in a container: --security-opt seccomp=unconfined).',
    ['--security-opt seccomp=unconfined'],
  ],
  [
    'Install git 2.30 or later (Debian: apt-get install git; macOS: xcode-select --install).',
    'Install git 2.30 or later (Debian: apt-get install git; macOS: xcode-select --install).',
    ['apt-get install git', 'xcode-select --install'],
  ],
  [
    'Log in with: claude auth login. Or set ANTHROPIC_API_KEY.',
    'Log in with: claude auth login. Or set ANTHROPIC_API_KEY.',
    ['claude auth login'],
  ],
])('%s', (text, says, commands) => {
  expect(remedyParts(text)).toEqual({ says, commands })
})
