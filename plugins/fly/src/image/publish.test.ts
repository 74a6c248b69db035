import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '@skein/testkit'
import { expect, test } from 'vitest'
import { answering } from '../testing/answering.ts'
import { type PublishOptions, publishImage } from './publish.ts'

const TOKEN = 'fm2_secret_of_mine'

/** Programs that write down how they were called; they end as `exits` says for the first word. */
function programs(folder: TemporaryFolder, names: string[], exits: Record<string, number> = {}): string {
  const bin = join(folder.path, 'bin')
  mkdirSync(bin)
  const cases = Object.entries(exits).map(([word, code]) => `${word}) echo "no ${word} for $token" >&2; exit ${code};;`)
  for (const name of names) {
    const lines = [
      '#!/bin/sh',
      'token=$(cat)',
      `echo "${name} $*" >>"${folder.path}/calls"`,
      `[ "$1" != build ] || for last; do :; done; [ "$1" != build ] || cat "$last/Dockerfile" >"${folder.path}/Dockerfile"`,
      `[ -z "$token" ] || echo "stdin" >>"${folder.path}/calls"`,
      `case $1 in ${cases.join(' ')} esac`,
    ]
    writeFileSync(join(bin, name), `${lines.join('\n')}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}

const calls = (folder: TemporaryFolder): string[] =>
  existsSync(join(folder.path, 'calls'))
    ? readFileSync(join(folder.path, 'calls'), 'utf8')
        .trim()
        .replaceAll(/\/\S+skein-fly-image-\S+/g, 'FOLDER')
        .split('\n')
    : []

async function publish(folder: TemporaryFolder, bin: string, options: Partial<PublishOptions> = {}) {
  await using empty = await answering(() => [404, '{}'])
  const lines: string[] = []
  const published = await publishImage({
    app: 'agents',
    home: folder.path,
    recipe: 'FROM debian',
    base: async () => 'skein/agent:base',
    token: `FlyV1 ${TOKEN}`,
    env: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder.path },
    registryUrl: empty.url,
    progress: (line) => lines.push(line),
    signal: new AbortController().signal,
    ...options,
  })
  return { published, lines }
}

test('match 40: the image is built for linux/amd64, then logged in, then pushed, by its content and its version', async () => {
  await using folder = await temporaryFolder('fly-image')
  const { published } = await publish(folder, programs(folder, ['docker']))
  expect(published).toMatchObject({ image: 'registry.fly.io/agents:skein-0.1.0', pushed: true })
  const { exact } = published
  expect(exact).toMatch(/^registry\.fly\.io\/agents:skein-[0-9a-f]{20}$/)
  expect(calls(folder)).toEqual([
    `docker build --platform linux/amd64 --tag registry.fly.io/agents:skein-0.1.0 --tag ${exact} FOLDER`,
    'docker login registry.fly.io --username x --password-stdin',
    'stdin',
    `docker push ${exact}`,
    'docker push registry.fly.io/agents:skein-0.1.0',
  ])
  expect(readFileSync(join(folder.path, 'Dockerfile'), 'utf8')).toMatch(/^FROM skein\/agent:base\nUSER root\n/)
})

test('where flyctl is, it logs docker in', async () => {
  await using folder = await temporaryFolder('fly-image')
  await publish(folder, programs(folder, ['docker', 'flyctl']))
  expect(calls(folder)[1]).toBe('flyctl auth docker')
})

test('match 40: a step that fails ends it, with code and stderr, and without the token', async () => {
  await using folder = await temporaryFolder('fly-image')
  const failing = publish(folder, programs(folder, ['docker'], { login: 7 }))
  await expect(failing).rejects.toMatchObject({
    message: expect.stringMatching(/logging in to registry.fly.io: docker ended with exit code 7\nno login for \*\*\*/),
    details: { code: 7 },
  })
  expect(calls(folder).filter((call) => call.startsWith('docker push'))).toEqual([])
})

test('match 40: without docker, a token or a right name of an app, nothing is begun', async () => {
  await using folder = await temporaryFolder('fly-image')
  let built = false
  const base = async () => {
    built = true
    return 'x'
  }
  const bin = programs(folder, [])
  const env = { PATH: bin, HOME: folder.path }
  await expect(publish(folder, bin, { base, env })).rejects.toMatchObject({
    code: 'missing',
    message: expect.stringContaining('docker is not on PATH'),
  })
  await expect(publish(folder, bin, { base, env, token: '' })).rejects.toThrow(/FLY_API_TOKEN/)
  await expect(publish(folder, bin, { base, app: '--privileged' })).rejects.toThrow(/no name of a Fly.io app/)
  expect(built).toBe(false)
})

test('what the registry has is not made again, and gets the version’s name; another content is', async () => {
  await using folder = await temporaryFolder('fly-image')
  const bin = programs(folder, ['docker'])
  const { published } = await publish(folder, bin)
  const tag = published.exact.split(':').at(-1) ?? ''
  const asked: string[] = []
  await using registry = await answering((_body, { method, url, headers }) => {
    asked.push(`${method} ${url} ${headers.authorization === `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}`}`)
    return url?.endsWith(tag) || method === 'PUT' ? [200, ''] : [404, '']
  })
  const before = calls(folder).length
  const again = await publish(folder, bin, { registryUrl: registry.url })
  expect(again.published).toEqual({ ...published, pushed: false })
  expect(asked).toEqual([
    `HEAD /v2/agents/manifests/${tag} true`,
    `GET /v2/agents/manifests/${tag} true`,
    'PUT /v2/agents/manifests/skein-0.1.0 true',
  ])
  expect(calls(folder)).toHaveLength(before)
  const changed = await publish(folder, bin, { registryUrl: registry.url, recipe: 'FROM another' })
  expect(changed.published.pushed).toBe(true)
})
