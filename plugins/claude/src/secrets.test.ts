import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/plugin-api'
import { type Model, say, useTool } from '@skein/testkit'
import { expect, test } from 'vitest'
import { withClaude } from './testing/with-claude.ts'

const CANARY = `sk-ant-canary-${randomUUID()}`
/** All that a command can see: its own environment, its parent's and every other, and what all processes were started with. */
const LOOK = '{ env; cat /proc/$PPID/environ /proc/[0-9]*/environ /proc/[0-9]*/cmdline; } > seen.bin 2>/dev/null; true'

interface Seen {
  seen: string
  argv: string
  headers: { key: unknown; bearer: unknown }[]
  journal: string
}

/** What a Bash tool sees of a session that was given the secrets, and the model's server of its requests. */
async function look(secrets: Record<string, string>): Promise<Seen> {
  let seen: Seen | undefined
  await withClaude(
    (request) =>
      request.toolResults.length > 0 ? say('looked') : useTool('Bash', { command: LOOK, description: 'Look around' }),
    async ({ cwd, env, model, open }) => {
      const { ANTHROPIC_API_KEY: _, ...withoutKey } = env
      const session = open({ env: withoutKey, secrets }).start()
      session.prompt('look')
      session.answer(await session.next('permission_request'), { outcome: 'allow' })
      await session.next('turn_ended')
      seen = {
        seen: await readFile(join(cwd, 'seen.bin'), 'utf8'),
        argv: session.process?.spawnargs.join(' ') ?? '',
        headers: headersOf(model),
        journal: session.lines.join('\n'),
      }
    },
  )
  if (seen === undefined) throw new SkeinError('internal', 'looking around: nothing was seen')
  return seen
}

function headersOf(model: Model) {
  return model.requests.map(({ headers }) => ({ key: headers['x-api-key'], bearer: headers.authorization }))
}

for (const [name, sent] of [
  ['ANTHROPIC_API_KEY', { key: CANARY, bearer: undefined }],
  ['CLAUDE_CODE_OAUTH_TOKEN', { key: undefined, bearer: `Bearer ${CANARY}` }],
  ['ANTHROPIC_AUTH_TOKEN', { key: CANARY, bearer: `Bearer ${CANARY}` }],
] as const)
  test(`${name} reaches the model's server and stands in no environment, no command line and no journal`, async () => {
    const { seen, argv, headers, journal } = await look({ [name]: CANARY })
    expect(seen).toContain('CLAUDECODE=1')
    expect(seen).not.toContain(CANARY)
    expect(argv).not.toContain(CANARY)
    expect(journal).not.toContain(CANARY)
    expect(headers.length).toBeGreaterThan(0)
    for (const header of headers) expect(header).toEqual(sent)
  })

test('a secret that Claude Code can only take from its environment is refused', async () => {
  await expect(look({ AWS_SECRET_ACCESS_KEY: CANARY })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('AWS_SECRET_ACCESS_KEY'),
  })
})
