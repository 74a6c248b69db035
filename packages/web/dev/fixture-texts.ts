/** What people and agents say in the fixture: everything that markdown can do, and what it must not. */
export const PROMPTS = [
  'The settings are read at each request. Read them once, and again when the file changes. Keep the tests green.',
  'Good. What else is cached, and for how long?\n\nPlease list it in `docs/caches.md`.',
  'The test of the mailer fails one time in ten. Find out why before you change anything.',
]

export const MESSAGES = [
  `\`readSettings\` has three callers. Two of them run at **every request**:

| caller | when | cost |
|---|---|---:|
| \`server.ts\` | at start | 2 ms |
| \`request.ts\` | each request | 2 ms |
| \`admin.ts\` | each request | 4 ms |

I will keep what was read in the module, and read again when the file’s time changes:

\`\`\`ts
let cached: { settings: Settings; mtime: number } | undefined

/** The settings, read again when the file has changed. */
export async function readSettings(path: string): Promise<Settings> {
  const { mtimeMs } = await stat(path)
  if (cached?.mtime !== mtimeMs) cached = { settings: await read(path), mtime: mtimeMs }
  return cached.settings
}
\`\`\``,
  `## What I found

1. The HTTP client keeps answers for ten seconds.
2. Sessions are kept until the process ends:
   - in memory, without a limit
   - and nowhere else
3. ~~Templates~~ are compiled once.

> A cache without a limit is a leak with a nicer name.

- [x] Looked at \`src\`
- [ ] Looked at \`scripts\`

See [the notes](https://example.com/caches), [not this](javascript:alert(1)), and <script>alert('x')</script>.`,
  'The clock is real in that test. When the machine is slow, the mailer’s deadline passes first.\u202e That is backwards.\u202c',
]

export const ENDINGS = [
  'Done. The settings are read once, and again when their file changes. The tests are green.',
  'I wrote the list to `docs/caches.md`. Two of the caches have no limit; shall I give them one?',
  'The test now uses a clock that it moves itself. I ran it 200 times: 200 passed.',
]
