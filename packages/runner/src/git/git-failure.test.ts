import { expect, it } from 'vitest'
import { gitFailure, isHeldLock } from './git-failure.ts'

const call = { doing: 'making a workspace', at: '/srv/x' }

it.each([
  ['fatal: write error: No space left on device', 'disk_full', 'Free some space'],
  [
    "fatal: detected dubious ownership in repository at '/srv/x'\nTo add an exception",
    'unauthorized',
    "safe.directory '/srv/x'",
  ],
  [
    "fatal: Unable to create '/srv/x/.git/index.lock': File exists.\n\nAnother git process",
    'conflict',
    'remove /srv/x/.git/index.lock',
  ],
  [
    "fatal: could not read Username for 'https://example.com': terminal prompts disabled",
    'unauthorized',
    'credentials',
  ],
  [
    'git@example.com: Permission denied (publickey).\nfatal: Could not read from remote repository.',
    'unauthorized',
    'credentials',
  ],
  [
    'ssh: Could not resolve hostname example.com\nfatal: Could not read from remote repository.',
    'unavailable',
    'network',
  ],
  ['error: unable to create file a.txt: Read-only file system', 'unavailable', 'file system'],
  ['fatal: not a git repository (or any of the parent directories): .git', 'not_found', 'git init'],
  ['error: object file .git/objects/12/34 is empty\nfatal: loose object 1234 is corrupt', 'conflict', 'git fsck'],
])('turns «%s» into %s with a remedy', (stderr, code, next) => {
  const error = gitFailure(call, { code: 128, stderr })
  expect(error).toMatchObject({
    code,
    message: expect.stringMatching(/^making a workspace: /),
    next: expect.stringContaining(next),
  })
})

it("tells what it does not know by git's own last blunt word", () => {
  const error = gitFailure(call, { code: 1, stderr: 'hint: this\nfatal: something new\nhint: that\n' })
  expect(error.message).toBe('making a workspace: git ended with 1: something new')
})

it('waits for locks, and not for refs that are where they should not be', () => {
  expect(isHeldLock("fatal: Unable to create '/x/.git/packed-refs.lock': File exists.")).toBe(true)
  const config = "error: could not lock config file /x/config: File exists\nfatal: could not set 'core.bare' to 'true'"
  expect(isHeldLock(config)).toBe(true)
  expect(isHeldLock("fatal: cannot lock ref 'refs/heads/a': reference already exists")).toBe(false)
})
