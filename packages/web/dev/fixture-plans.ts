import type { PlanRevision } from '@skein/protocol'

const HOUR = 3_600_000

const first = `# Cache the configuration

Reading \`config.json\` takes **200 ms** at each request. We read it once.

## Steps

1. Find where the configuration is read
2. Keep it in memory
3. Delete the old cache
4. Write a test

## Risks

None.`

const second = `# Cache the configuration

Reading \`config.json\` takes **200 ms** at each request. We read it once a minute.

## Steps

1. Find where the configuration is read
2. Keep it in memory for a minute
3. Write a test, and see that it passes
4. Delete the old cache

## Risks

A changed file is seen a minute late.`

const third = `# Cache the configuration

Reading \`config.json\` takes **200 ms** at each request. We read it at most once a minute, see [the issue](https://example.com/issues/12).

## Steps

1. Find where the configuration is read
   - \`src/server.ts\` at each request
   - \`src/cli.ts\` at each start
2. Keep it in memory for a minute:

   \`\`\`ts
   const maxAge = 60_000
   let cached: { at: number; value: Config } | undefined

   export async function configuration(path: string, now = Date.now()): Promise<Config> { if (cached && now - cached.at < maxAge) return cached.value; return (cached = { at: now, value: await read(path) }).value }
   \`\`\`
3. Write a test, and see that it passes
4. Delete the old cache

| file | change | lines |
|------|--------|------:|
| src/cache.ts | new | 40 |
| src/server.ts | uses the cache | 3 |
| src/legacy/old-cache.ts | deleted | 210 |

> A file that changes is seen a minute late. The person who asked for this said that it is fine.

## Risks

- [x] Memory: one object
- [ ] A test that writes the file and reads it at once: <script>alert('inert')</script> [bad](javascript:alert(1))
- Text that turns around: \u202eabc\u202c and a zero\u200bwidth space

---

Roughly ~~two hours~~ *one hour* of work.`

/** Three revisions of a plan, the last one open. */
export function fixturePlans(sessionId: string): PlanRevision[] {
  const revision = (number: number, markdown: string): PlanRevision => ({
    ...{ askId: `plan-${number}`, planId: 'plan', sessionId, revision: number, markdown },
    ...{
      state: 'changes_requested',
      createdAt: Date.now() - (4 - number) * HOUR,
      answeredAt: Date.now() - (3.5 - number) * HOUR,
    },
    ...{ answeredBy: 'ana', feedback: 'Please look at my comments, and say what the risks are.' },
  })
  const open = { ...revision(3, third), state: 'open' as const }
  delete open.answeredAt
  delete open.answeredBy
  delete open.feedback
  return [revision(1, first), revision(2, second), open]
}
