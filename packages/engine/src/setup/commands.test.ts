import { expect, test } from 'vitest'
import { resolveCommands } from './commands.ts'

const commands = (files: Record<string, string>) => resolveCommands((file) => files[file] ?? null)
const conductor = JSON.stringify({ scripts: { run: 'npm start', archive: 'docker compose down' } })

test('checks and services come from skein.json, each with its defaults', () => {
  const { checks, services, env } = commands({
    'skein.json': JSON.stringify({
      checks: { test: { run: 'npm test', timeout: 5, afterTurn: true }, lint: 'npm run lint' },
      services: { web: { run: 'npm start', port: 1 } },
      env: { A: '1' },
    }),
  })
  expect(checks.map(({ name, timeoutMs, afterTurn, fixRounds }) => [name, timeoutMs, afterTurn, fixRounds])).toEqual([
    ['test', 5000, true, 0],
    ['lint', 600_000, false, 0],
  ])
  expect(services).toMatchObject([
    { name: 'web', port: 1, autostart: false, script: { argv: ['sh', '-ec', 'npm start'] } },
  ])
  expect(env).toEqual({ A: '1' })
})

test('without services of its own a repository has that of Flight, else that of Conductor', () => {
  const flight = '#!/bin/zsh\nnpm start'
  expect(commands({ '.flight/run': flight, 'conductor.json': conductor }).services).toMatchObject([
    { name: 'run', script: { argv: ['zsh', '-s'], stdin: `exec 2>&1\n${flight}` } },
  ])
  expect(commands({ 'conductor.json': conductor }).services).toMatchObject([
    { name: 'run', run: 'npm start', script: { argv: ['zsh', '-c', 'npm start'] } },
  ])
  const own = JSON.stringify({ services: { web: 'x' } })
  expect(commands({ 'skein.json': own, 'conductor.json': conductor }).services.map(({ name }) => name)).toEqual(['web'])
})

test('the teardown is that of skein.json, else what Conductor runs when it archives', () => {
  expect(commands({ 'conductor.json': conductor }).teardown).toMatchObject({ source: 'conductor.json' })
  expect(commands({ 'skein.json': '{"teardown":"x"}', 'conductor.json': conductor }).teardown).toEqual({
    source: 'skein.json',
    script: { argv: ['sh', '-ec', 'x'] },
  })
  expect(commands({})).toEqual({ checks: [], services: [], env: {} })
})
