import { expect, test } from 'vitest'
import { parseSettings } from './settings.ts'

test('a machine needs nothing but its name, and every setting is taken over', () => {
  expect(parseSettings('build-box', {})).toEqual({ host: 'build-box', options: [] })
  const all = { host: '[::1]', user: 'me', port: 2222, identityFile: '~/a key', jump: 'a,b@c:22', directory: '/d' }
  expect(parseSettings('n', { ...all, options: ['Compression=yes'] })).toEqual({ ...all, options: ['Compression=yes'] })
  expect(parseSettings('me@build.example', { port: '22' })).toMatchObject({ port: 22 })
})

test.for([
  ['no host at all', '', {}],
  ['a host that ssh would take for an option', '-oProxyCommand=touch hacked', {}],
  ['a host that is more than one word', 'a b', {}],
  ['a jump host that is an option', 'a', { jump: '-x' }],
  ['a user with a command in it', 'a', { user: '$(touch hacked)' }],
  ['a port that is none', 'a', { port: 70_000 }],
  ['an option that trusts whoever answers', 'a', { options: ['StrictHostKeyChecking=no'] }],
  ['one that trusts whoever answers first', 'a', { options: ['stricthostkeychecking accept-new'] }],
  ['one that knows no hosts', 'a', { options: ['UserKnownHostsFile = /dev/null'] }],
  ['one that is not checked at loopback', 'a', { options: ['NoHostAuthenticationForLocalhost=yes'] }],
  ['one that is Skein’s own', 'a', { options: ['ControlPath=none'] }],
  ['one of two lines', 'a', { options: ['User=a\nStrictHostKeyChecking=no'] }],
  ['something else than a list', 'a', { options: [1] }],
] as const)('%s is refused', ([, name, settings]) => {
  expect(() => parseSettings(name, settings as Record<string, unknown>)).toThrow()
})
