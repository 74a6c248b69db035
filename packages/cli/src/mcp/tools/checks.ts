import { randomUUID } from 'node:crypto'
import { type Check, type CheckRun, SkeinError } from '@skein/protocol'
import * as z from 'zod'
import { tool } from '../define.ts'
import { Name } from './workspaces.ts'

const LOG = 10_000

export const listChecks = tool({
  name: 'list_checks',
  title: 'List checks',
  about: 'The checks of a workspace (tests, lint, build: what skein.json names), and how each ended last.',
  input: z.strictObject({ workspace: Name }),
  effect: 'reads',
  async run({ workspace }, { api, caller, signal }) {
    const { id } = await caller.find(workspace)
    return { checks: (await api.call('checks.list', { workspaceId: id }, signal)).map(checkView) }
  },
})

export const runChecks = tool({
  name: 'run_checks',
  title: 'Run checks',
  about:
    'Runs checks of a workspace, all by default. Answers at once; follow waits until they have ended, list_checks tells how.',
  input: z.strictObject({ workspace: Name, checks: z.array(z.string()).min(1).optional().describe('Only these.') }),
  effect: 'changes',
  async run({ workspace, checks }, { api, caller, signal }) {
    const { id } = await caller.findToAct(workspace)
    const params = { workspaceId: id, ...(checks === undefined ? {} : { names: checks }) }
    const runs = await api.call('checks.run', { key: randomUUID(), ...params }, signal)
    return { runs: runs.map(runView), next: 'follow' }
  },
})

export const readCheck = tool({
  name: 'read_check',
  title: 'Read what a check printed',
  about: `The end of what the last run of a check printed, at most ${LOG} characters.`,
  input: z.strictObject({ workspace: Name, check: z.string().min(1).describe('Its name.') }),
  effect: 'reads',
  async run({ workspace, check }, { api, caller, signal }) {
    const { id } = await caller.find(workspace)
    const [run] = await api.call('checks.runs', { workspaceId: id, name: check, limit: 1 }, signal)
    if (!run)
      throw new SkeinError('not_found', `the check ${check} has not been run`, { next: 'Run it with run_checks.' })
    let text = ''
    const stop = run.state === 'running' ? AbortSignal.any([signal, AbortSignal.timeout(1_000)]) : signal
    for await (const part of api.subscribe('checks.log', { runId: run.id }, stop)) {
      text = (text + part.text).slice(-LOG)
    }
    return { ...runView(run), printed: text }
  },
})

function checkView({ name, run, afterTurn, last }: Check): Record<string, unknown> {
  return { check: name, run, afterEachTurn: afterTurn, ...(last ? { last: runView(last) } : {}) }
}

function runView({ name, state, exitCode, note, endedAt }: CheckRun): Record<string, unknown> {
  return {
    check: name,
    state,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(note === undefined ? {} : { note }),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt).toISOString() }),
  }
}
