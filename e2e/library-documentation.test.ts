import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

it('the page of the library shows its examples as they are', () => {
  const page = read('docs/library.md')
  const shown = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)
  const programs = readdirSync(new URL('../examples/library', import.meta.url)).filter((name) => name.endsWith('.ts'))
  for (const name of programs) expect(shown, name).toContain(read(`examples/library/${name}`))
})
