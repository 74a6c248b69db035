import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'
import { parseJsonc } from './jsonc.ts'
import { parseMetadata } from './metadata.ts'
import { readDevcontainer } from './read.ts'

async function project(content: string) {
  const folder = await temporaryFolder('devcontainer')
  mkdirSync(join(folder.path, '.devcontainer'))
  writeFileSync(join(folder.path, '.devcontainer', 'devcontainer.json'), content)
  writeFileSync(join(folder.path, '.devcontainer', 'Dockerfile'), 'FROM scratch\n')
  return folder
}

it('comments and trailing commas are read, also beside strings that look like them', () => {
  const text = '\uFEFF{ // a\n "url": "http://x/*y*/", /* b\n */ "list": [1, 2,], "quote": "a\\"//b,]", }'
  expect(parseJsonc(text)).toEqual({ url: 'http://x/*y*/', list: [1, 2], quote: 'a"//b,]' })
})

it('takes image, user, environment and ports, and names the rest', async () => {
  await using folder = await project(
    '{ "image": "debian", "remoteUser": "dev", "containerEnv": { "A": "b", "T": "$' +
      '{localEnv:TOKEN}" }, "forwardPorts": [3000, "db:5432"], "postCreateCommand": "make", "customizations": {} }',
  )
  expect(await readDevcontainer(folder.path, '.devcontainer/devcontainer.json')).toMatchObject({
    image: 'debian',
    user: 'dev',
    environment: { A: 'b' },
    forwardPorts: [3000],
    ignored: ['postCreateCommand', 'containerEnv.T'],
  })
})

it('finds it by its folder, and its Dockerfile from there', async () => {
  await using folder = await project('{ "build": { "dockerfile": "Dockerfile", "context": "..", "args": { "V": 1 } } }')
  expect((await readDevcontainer(folder.path, '.')).build).toMatchObject({
    dockerfile: join(folder.path, '.devcontainer', 'Dockerfile'),
    context: folder.path,
    args: { V: '1' },
  })
})

it.each([
  ['{ "image": ', 'invalid', /no JSON/],
  ['[]', 'invalid', /no JSON object/],
  ['{}', 'invalid', /neither/],
  ['{ "image": "--privileged" }', 'invalid', /image/],
  ['{ "dockerComposeFile": "compose.yml" }', 'invalid', /several containers/],
  ['{ "build": { "dockerfile": "gone" } }', 'not_found', /gone/],
  ['{ "build": { "dockerfile": "../../outside" } }', 'not_found', /does not exist/],
  ['{ "build": { "dockerfile": "linked" } }', 'invalid', /outside of the repository/],
])('refuses %s', async (content, code, message) => {
  await using folder = await project(content)
  symlinkSync('/etc/passwd', join(folder.path, '.devcontainer', 'linked'))
  await expect(readDevcontainer(folder.path, '.')).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
})

it('reads what devcontainer tools say in an image’s label', () => {
  const label = '[{ "remoteUser": "root" }, { "remoteUser": "vscode", "containerEnv": { "A": "b" } }]'
  expect(parseMetadata(label)).toEqual({ user: 'vscode', environment: { A: 'b' } })
  expect(parseMetadata('no JSON')).toEqual({ user: undefined, environment: {} })
})
