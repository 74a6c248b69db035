import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ExitCode } from './exit-codes.ts'
import { JsonLine } from './json.ts'
import { createProgram } from './program.ts'

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
const nothing = async () => {}
const commands = createProgram({ withServer: nothing, alone: nothing }).commands.flatMap((command) =>
  command.commands.length > 0 ? command.commands : [command],
)

it('the documentation has every command and every option of it', () => {
  const missing = commands
    .filter((command) => !('_hidden' in command && command._hidden === true))
    .flatMap((command) => {
      const parent = command.parent?.name() === 'skein' ? '' : `${command.parent?.name()} `
      const title = `\`skein ${parent}${command.name()}`
      const options = command.options
        .filter(({ long }) => long && !page.includes(long))
        .map(({ flags }) => `${title} ${flags}`)
      return [...(page.includes(title) ? [] : [title]), ...options]
    })
  expect(missing).toEqual([])
})

it('the documentation has every type of JSON line and every exit code, and no other', () => {
  const table = (heading: string) => page.slice(page.indexOf(`## ${heading}`)).split('\n## ')[0] ?? ''
  const types = [...table('JSON lines').matchAll(/^\| `(\w+)` +\|/gm)].map(([, type]) => type)
  expect(types.toSorted()).toEqual(JsonLine.options.map(({ shape }) => shape.type.value).toSorted())
  const codes = [...table('Exit codes').matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code))
  expect(codes).toEqual(Object.values(ExitCode))
})

it('every command that tells something takes --json', () => {
  const without = commands
    .filter(({ options }) => !options.some(({ long }) => long === '--json'))
    .map((command) => command.name())
  expect(without).toEqual(['mcp', 'completion', 'complete', 'serve'])
})
