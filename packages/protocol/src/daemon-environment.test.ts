import { expect, it } from 'vitest'
import { daemonEnvironment } from './daemon-environment.ts'

it('background processes get what they need to work and nothing that may be a secret', () => {
  const needed = {
    PATH: '/bin',
    HOME: '/home/me',
    LC_ALL: 'C',
    SSH_AUTH_SOCK: '/s',
    XDG_STATE_HOME: '/x',
    SKEIN_HOME: '/k',
    NODE_COMPILE_CACHE: '/c',
  }
  const secret = {
    ANTHROPIC_API_KEY: 's',
    ANTHROPIC_BASE_URL: 's',
    GH_TOKEN: 's',
    SKEIN_API_TOKEN: 's',
    HTTPS_PROXY: 'http://me:s@proxy',
    NODE_OPTIONS: '--inspect',
    LD_PRELOAD: '/evil.so',
  }
  expect(daemonEnvironment({ ...needed, ...secret, TZ: undefined })).toEqual(needed)
})
