import { expect, it } from 'vitest'
import { prune } from './prune-declarations.ts'

const files: Record<string, string> = {
  'packages/skein/src/index.d.ts': `export { type Run, run } from './run.ts';\nexport * from '@skein/protocol';\n`,
  'packages/skein/src/run.d.ts': `import type { Event } from '@skein/protocol';
import * as z from 'zod';
import type { Database } from 'kysely';
/** What came of it. */
export interface Run {
    event: Event;
    more: import("@skein/protocol").Extra;
}
export type Step = {
    kind: 'first';
}
/** A comment between the parts of a type. */
 | {
    kind: 'second';
};
export declare function run(step: Step): Run;
export declare function run(options: z.ZodObject): Run;
/** Nobody can reach it, so nobody needs that package. */
export declare function internal(database: Database): void;
export {};
`,
  'packages/protocol/src/index.d.ts': `export * from './event.ts';\n`,
  'packages/protocol/src/event.d.ts': `export declare const Event: { name: string };
export type Event = typeof Event;
export { };
export interface Extra {
}
`,
}
function pruned(external: string[] = []): Map<string, string> {
  return prune({
    roots: { 'index.d.ts': 'packages/skein/src/index.d.ts' },
    read: (path) => files[path] ?? '',
    resolve: (specifier, from) => {
      if (specifier === '@skein/protocol') return 'packages/protocol/src/index.d.ts'
      const folder = from.slice(0, from.lastIndexOf('/'))
      return specifier.startsWith('.') ? `${folder}/${specifier.slice(2).replace(/\.ts$/, '.d.ts')}` : undefined
    },
    external: (specifier) => external.push(specifier),
  })
}

it('keeps what can be reached, each where it was declared, and names it by relative paths', () => {
  const made = pruned()
  expect([...made.keys()].toSorted()).toEqual(['index.d.ts', 'protocol/event.d.ts', 'skein/run.d.ts'])
  expect(made.get('index.d.ts')?.split('\n').slice(1, -1)).toEqual([
    "export type { Run } from './skein/run.js';",
    "export { Event } from './protocol/event.js';",
    "export { Extra } from './protocol/event.js';",
    "export { run } from './skein/run.js';",
  ])
  const run = made.get('skein/run.d.ts') ?? ''
  expect(run).toContain("import { Event } from '../protocol/event.js';")
  expect(run).toContain('more: import("../protocol/event.js").Extra;')
  expect(run).toContain("/** A comment between the parts of a type. */\n | {\n    kind: 'second';")
  expect(run.match(/declare function run/g)).toHaveLength(2)
  expect(made.get('protocol/event.d.ts')).toContain('export type Event = typeof Event;')
})

it('leaves out what nobody can reach, with the packages that only that needs', () => {
  const external: string[] = []
  const run = pruned(external).get('skein/run.d.ts')
  expect(run).not.toContain('internal')
  expect(run).not.toContain('kysely')
  expect(new Set(external)).toEqual(new Set(['zod']))
})
