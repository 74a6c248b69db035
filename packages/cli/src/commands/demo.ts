import { randomUUID } from 'node:crypto'
import type { SkeinApi } from '@skein/protocol'
import { DEMO_PROMPT } from '@skein/testkit'
import { connectToServer } from '../connect.ts'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { prompter } from '../demo/prompter.ts'
import { setStage } from '../demo/stage.ts'
import { ExitCode } from '../exit-codes.ts'
import { canAsk } from '../follow/open-report.ts'
import { type Row, row, span } from '../render/row.ts'
import { diff } from './diff.ts'
import { run } from './run.ts'

export interface DemoOptions {
  yes?: boolean
  json?: boolean
}

const WORKSPACE = 'demo'
const THINK_MS = 1_500

/** `skein demo`: the real agent, a scripted model, a small project with a bug: from the plan to the diff. */
export async function demo(options: DemoOptions, context: Omit<CommandContext, 'api'>): CommandResult {
  const { terminal } = context
  const asked = canAsk(options, terminal) && !options.yes
  const say = (rows: Row[]) => {
    if (!options.json) print(terminal, rows)
  }
  // Ctrl-C before there is a turn to interrupt: the stage is still cleared.
  const ignore = () => {}
  process.on('SIGINT', ignore)
  try {
    say(opening(asked))
    await using stage = await setStage(context.env, !terminal.interactive)
    await using api = connectToServer(stage.env, (message) => say([row(span(message, 'dim'))]))
    const inside: CommandContext = { env: stage.env, cwd: stage.repo, terminal, api }
    const json = options.json ? { json: true } : {}
    await trustOwn(api, stage.repo)

    const code = await run(
      [DEMO_PROMPT],
      { name: WORKSPACE, permissionMode: 'plan', keep: true, advice: false, ...json },
      inside,
      asked ? undefined : prompter(api, terminal, terminal.interactive ? THINK_MS : 0),
    )
    if (code !== ExitCode.ok) return code

    say([[], act(3, 'What it changed. Your checkout was not touched; `skein apply` would bring this there.'), []])
    await diff(WORKSPACE, [], { pager: false, ...json }, inside)
    say(closing())
    return ExitCode.ok
  } finally {
    process.off('SIGINT', ignore)
  }
}

/** What the demo's project would run is our own. */
async function trustOwn(api: SkeinApi, path: string): Promise<void> {
  const { id, trust } = await api.call('projects.open', { key: randomUUID(), path })
  await api.call('projects.trust', { key: randomUUID(), projectId: id, hash: trust.hash })
}

function opening(asked: boolean): Row[] {
  return [
    row(span('Skein demo', 'heading'), span('  scripted model, no credentials used', 'warn')),
    row(
      span(
        'The agent is the real Claude Code, in a workspace of a small project made for this. All of it is removed afterwards.',
        'dim',
      ),
    ),
    [],
    act(1, `It reads, asks a question and proposes a plan.${asked ? ' Enter takes what is marked.' : ''}`),
    act(2, 'With your consent it edits and runs the tests.'),
    [],
    row(span('› ', 'accent'), span(DEMO_PROMPT, 'strong')),
    [],
  ]
}

function act(number: number, text: string): Row {
  return row(span(`${number} `, 'accent'), text)
}

function closing(): Row[] {
  return [
    [],
    row(span('✓ ', 'good'), 'That was the demo; everything is removed again. In a repository of yours:'),
    row('  ', span('skein doctor', 'code'), span('       what is missing here', 'dim')),
    row('  ', span('skein run "…"', 'code'), span('      the same, with your agent and your credentials', 'dim')),
  ]
}
