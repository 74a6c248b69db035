import { randomUUID } from 'node:crypto'
import { type Check, type CheckRun, SkeinError, type Workspace } from '@skein/protocol'
import { type CommandContext, type CommandResult, print, remark } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine, cleanText } from '../render/clean.ts'
import { age, duration } from '../render/figures.ts'
import type { Tone } from '../render/palette.ts'
import { type Row, row, span } from '../render/row.ts'
import { workspaceHere } from '../workspace-here.ts'

export interface ChecksOptions {
  run?: boolean
  fix?: boolean
  only?: string[]
  json?: boolean
}

/** `skein checks`: lists a workspace's checks, runs them, or sends what failed to the agent. */
export async function checks(name: string | undefined, options: ChecksOptions, context: CommandContext): CommandResult {
  const workspace = await workspaceHere(name, context)
  const failed = options.run ? await runChecks(workspace, options, context) : false
  const listed = await context.api.call('checks.list', { workspaceId: workspace.id })
  const wanted = listed.filter((check) => options.only === undefined || options.only.includes(check.name))
  if (options.json) for (const check of wanted) writeJson(context.terminal.stdout, { type: 'check', check })
  else print(context.terminal, wanted.length > 0 ? wanted.map(checkRow) : [row(span(NONE, 'dim'))])
  if (options.fix) await sendToAgent(wanted, context)
  return failed ? ExitCode.failed : ExitCode.ok
}

const NONE = 'No checks. Name some in skein.json: docs/checks.md'

/** Answers whether any of them did not pass. Ctrl-C cancels what runs. */
async function runChecks(workspace: Workspace, options: ChecksOptions, context: CommandContext): Promise<boolean> {
  const { api } = context
  const runs = await api.call('checks.run', {
    key: randomUUID(),
    workspaceId: workspace.id,
    ...(options.only ? { names: options.only } : {}),
  })
  const onInterrupt = () => {
    for (const { id } of runs) void api.call('checks.cancel', { key: randomUUID(), runId: id }).catch(() => undefined)
  }
  process.once('SIGINT', onInterrupt)
  try {
    // They run at once; their output is shown one after the other.
    for (const run of runs) await showLog(run, options, context)
    const ended = await Promise.all(runs.map((run) => verdictOf(run, context)))
    return ended.some(({ state }) => state !== 'passed')
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

async function showLog(run: CheckRun, { json }: ChecksOptions, { api, terminal }: CommandContext): Promise<void> {
  if (!json) remark(terminal, [row(span(`${run.name}`, 'heading'))])
  for await (const { offset, text } of api.subscribe('checks.log', { runId: run.id })) {
    if (json) writeJson(terminal.stdout, { type: 'output', workspaceId: run.workspaceId, name: run.name, offset, text })
    else terminal.stdout.write(cleanText(text))
  }
}

/** The log ends with the process; the verdict is recorded in the same moment. */
async function verdictOf(run: CheckRun, { api }: CommandContext): Promise<CheckRun> {
  const stop = new AbortController()
  try {
    for await (const change of api.subscribe('changes', { workspaceId: run.workspaceId }, stop.signal)) {
      if (change.type !== 'check' && change.type !== 'ready') continue
      const runs = await api.call('checks.runs', { workspaceId: run.workspaceId, name: run.name })
      const now = runs.find(({ id }) => id === run.id)
      if (now && now.state !== 'running') return now
    }
  } finally {
    stop.abort()
  }
  throw new SkeinError('cancelled', `waiting for the check ${run.name}: cancelled`)
}

async function sendToAgent(listed: readonly Check[], { api, terminal }: CommandContext): Promise<void> {
  const failures = listed.filter(({ last }) => last?.state === 'failed' || last?.state === 'error')
  for (const { name, last } of failures) {
    if (!last) continue
    await api.call('checks.fix', { key: randomUUID(), runId: last.id })
    remark(terminal, [row(span(`${cleanLine(name)} was sent to the agent`, 'dim'))])
  }
  if (failures.length === 0) remark(terminal, [row(span('No check failed', 'dim'))])
}

const SHOWN: Record<CheckRun['state'], { mark: string; tone: Tone }> = {
  running: { mark: '●', tone: 'accent' },
  passed: { mark: '✓', tone: 'good' },
  failed: { mark: '✗', tone: 'bad' },
  cancelled: { mark: '–', tone: 'dim' },
  error: { mark: '!', tone: 'warn' },
}

function checkRow({ name, run, last }: Check): Row {
  if (!last) return row(span('· ', 'dim'), cleanLine(name), span(`  never run  ${cleanLine(run)}`, 'dim'))
  const { mark, tone } = SHOWN[last.state]
  const took = last.endedAt === undefined ? '' : ` in ${duration(last.endedAt - last.startedAt)}`
  const note = last.note === undefined ? '' : ` (${cleanLine(last.note)})`
  return row(
    span(`${mark} `, tone),
    cleanLine(name),
    span(`  ${last.state}${note}${took}, ${age(Date.now() - last.startedAt)} ago`, 'dim'),
  )
}
