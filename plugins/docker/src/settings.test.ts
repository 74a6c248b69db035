import { expect, it } from 'vitest'
import { createArguments } from './container/arguments.ts'
import { namesFor } from './container/names.ts'
import { notRunning } from './container/state.ts'
import { engineError } from './engine/failure.ts'
import { dockerfile } from './image/dockerfile.ts'
import { parseSettings } from './settings.ts'

it('settings are taken as forms and flags give them', () => {
  const given = {
    memory: '512m',
    cpus: '1.5',
    pids: '100',
    network: 'allow-list',
    allow: 'a.example, *.b.example:8443',
  }
  expect(parseSettings(given)).toMatchObject({
    memory: '512m',
    cpus: 1.5,
    pids: 100,
    network: 'allow-list',
    allow: ['a.example', '*.b.example:8443'],
    allowRoot: false,
  })
  expect(parseSettings({})).toMatchObject({ memory: '4g', pids: 512, network: 'all', cpus: undefined })
})

it.each([
  [{ memory: 'lots' }, /memory/],
  [{ cpus: -1 }, /cpus/],
  [{ network: 'some' }, /network/],
  [{ network: 'allow-list', allow: ['https://a.example/path'] }, /allow/],
  [{ allow: ['a.example'] }, /network is all/],
  [{ env: ['no equals sign'] }, /env/],
  [{ image: 'a', dockerfile: 'b' }, /image and dockerfile/],
  [{ image: '--privileged' }, /image/],
  [{ cache: 'relative' }, /cache/],
  [{ volumes: '/:/host' }, /volumes is no setting/],
])('settings like %j are refused by name', (given, message) => {
  expect(() => parseSettings(given)).toThrow(
    expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) }),
  )
})

it('a container has limits, no right, no port and nothing of the host', () => {
  const args = createArguments({
    names: namesFor('me', 'k'),
    owner: 'me',
    key: 'k',
    image: 'sha256:1',
    user: 'skein',
    home: '/home/skein',
    settings: { memory: '1g', pids: 10, cache: '/srv/cache' },
    cpus: 1,
    network: 'none',
    namesByGate: false,
    environment: { A: 'b' },
    tools: undefined,
    hostname: 'h',
    details: '{}',
  }).join(' ')
  for (const part of [
    '--cap-drop ALL --security-opt no-new-privileges',
    '--memory 1g --memory-swap 1g --cpus 1 --pids-limit 10',
    '--label dev.skein.owner=me --label dev.skein.key=k',
    '--mount type=bind,src=/srv/cache,dst=/var/cache/skein,readonly',
    '--network none',
  ])
    expect(args).toContain(part)
  expect(args).not.toMatch(/--publish|--privileged|docker\.sock|--volume /)
})

it('names follow from owner and key alone, and differ for each', () => {
  expect(namesFor('me', 'k')).toEqual(namesFor('me', 'k'))
  expect(
    new Set([namesFor('me', 'k'), namesFor('me', 'k2'), namesFor('mek', '')].map((names) => names.container)).size,
  ).toBe(3)
})

it.each([
  [
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
    'unauthorized',
    /group/,
  ],
  ['Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?', 'unavailable', /Start it/],
  ['write /var/lib/docker/tmp/x: no space left on device', 'disk_full', /prune/],
  ['manifest for debian:none not found: manifest unknown', 'not_found', /name/],
  ['dial tcp: lookup registry-1.docker.io: no such host', 'unavailable', /debootstrap/],
  [
    'docker: Error response from daemon: OCI runtime create failed: exec: "sleep": executable file not found in $PATH',
    'invalid',
    /shell/,
  ],
  ['could not find an available, non-overlapping IPv4 address pool among the defaults', 'unavailable', /prune/],
])('what docker says, as "%s", gets its remedy', (stderr, code, next) => {
  const error = engineError({ doing: 'making it', program: 'docker', code: 1, stderr })
  expect(error).toMatchObject({ code, next: expect.stringMatching(next), message: expect.stringContaining(stderr) })
})

it('a container that ended for want of memory says so', () => {
  const state = { status: 'exited', running: false, outOfMemory: true, exitCode: 137, error: '' }
  expect(notRunning('skein-1', state, '4g').message).toContain('its memory limit of 4g was reached')
  expect(notRunning('skein-1', { ...state, outOfMemory: false }, '4g').message).toContain('exited (exit status 137)')
})

it('the image is made of archives or of executables, and without BuildKit', () => {
  const sha256 = ''
  const text = dockerfile({
    from: 'debian:bookworm-slim',
    programs: [
      { name: 'node', file: 'node.tgz', archive: true, sha256 },
      { name: 'claude', file: 'claude', archive: false, sha256 },
    ],
  })
  expect(text).toContain('ADD node.tgz /opt/skein/node/')
  expect(text).toContain('COPY claude /opt/skein/claude/package/claude')
  expect(text).toContain('apt-get install')
  expect(text).toMatch(/USER skein\nWORKDIR \/home\/skein\n$/)
  expect(text).not.toMatch(/--mount|--chmod|# syntax/)
})
