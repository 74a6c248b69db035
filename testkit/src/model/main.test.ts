import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../temporary-folder.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

test('as a process it prints where it is, answers, records, and ends at a signal', async () => {
  await using folder = await temporaryFolder('model')
  const log = join(folder.path, 'requests.ndjson')
  const child = spawn(process.execPath, [MAIN, '--script', 'anything', '--record', log], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  const { url, env } = JSON.parse(line)
  expect(env.ANTHROPIC_BASE_URL).toBe(url)

  const messages = [{ role: 'user', content: 'echo what is this' }]
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', max_tokens: 1, tools: [{ name: 'Bash' }], messages }),
  })
  expect(await response.json()).toMatchObject({ content: [{ type: 'text', text: 'what is this' }] })
  expect(JSON.parse(await readFile(log, 'utf8'))).toMatchObject({ turn: 1, userTexts: ['echo what is this'] })

  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('an unknown script is refused with the names of those that there are', async () => {
  const child = spawn(process.execPath, [MAIN, '--script', 'nonsense'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const complaint = (await child.stderr.toArray()).join('')
  expect(complaint).toMatch(/no script nonsense.*anything.*echo/)
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(2)
})
