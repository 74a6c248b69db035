import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Project, SkeinError } from '@skein/protocol'
import { Batch, type BatchEvent, type BatchReport, junitOf, type KeepPolicy, type RequestOutcome, Skein } from 'skein'
import type { BatchFormat } from '../batch/batch-file.ts'
import { type FileBatch, isRemote, readBatch } from '../batch/read-batch.ts'
import { labelOf, planRow, reportRows } from '../batch/rows.ts'
import { BatchView } from '../batch/view.ts'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { Keyboard } from '../follow/keyboard.ts'
import type { JsonLine } from '../json.ts'
import { writeJson } from '../json-output.ts'
import { writePatch } from '../patch.ts'
import { row, span } from '../render/row.ts'
import { settleTrust } from '../trust.ts'

export interface BatchCommandOptions {
  format?: BatchFormat
  prompt?: string
  repo?: string
  on?: string
  model?: string
  concurrency?: number
  budget?: number
  keep?: KeepPolicy
  asks?: 'deny' | 'wait'
  env?: string[]
  resume?: boolean
  retryFailed?: boolean
  anew?: boolean
  record?: string
  junit?: string
  patches?: string
  dryRun?: boolean
  json?: boolean
}

/** `skein batch`: many prompts from a file, from reading it to the report. */
export async function batch(name: string, options: BatchCommandOptions, context: CommandContext): CommandResult {
  const read = await readBatch(name, options, context)
  const settings = settingsOf(options, read)
  const leaving = new AbortController()
  let view: BatchView | undefined
  const many = new Batch(read.requests, {
    ...settings,
    skein: new Skein(context.api, { keeps: true, hold() {}, release() {}, close: async () => {} }),
    record: read.record,
    signal: leaving.signal,
    onEvent: (event) => {
      const line = options.json ? lineOf(event, read.record) : undefined
      if (line) writeJson(context.terminal.stdout, line)
      view?.accept(event)
    },
    ...(options.patches === undefined ? {} : { onOutcome: patchWriter(options.patches, context) }),
  })
  await lookAtRepositories(read, options, context)
  if (options.dryRun) return showPlan(many, read, settings, options, context)
  await using ending = new AsyncDisposableStack()
  if (!options.json) view = ending.use(new BatchView(context.terminal, many.requests, settings.budget))
  const left = listenForSignals(many, leaving, context, view, ending)
  const report = await Promise.race([many.run(), left])
  await ending.disposeAsync()
  if (typeof report === 'number') return tellOfLeaving(report, name, context, options)
  if (options.junit !== undefined) await writeJunit(options.junit, report, read.file, context.cwd)
  const exitCode = exitCodeOf(report)
  if (options.json) writeJson(context.terminal.stdout, { type: 'report', report, exitCode })
  else print(context.terminal, reportRows(report, { resume: `skein batch ${name} --resume`, patches: options.patches }))
  return exitCode
}

/** The command line counts before the file. */
function settingsOf(options: BatchCommandOptions, { settings, file }: FileBatch) {
  const concurrency = options.concurrency ?? settings.concurrency
  const budget = options.budget ?? settings.budget
  const keep = options.keep ?? settings.keep
  if (keep !== undefined && !isKeepPolicy(keep))
    throw new SkeinError('invalid', `${file}: keep cannot be "${keep}"`, {
      next: 'It is one of: changed, branch, workspace, nothing.',
    })
  const { resume, retryFailed, anew } = options
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(budget === undefined ? {} : { budget }),
    ...(keep === undefined ? {} : { keep }),
    ...(resume === undefined && retryFailed === undefined ? {} : { resume: true }),
    ...(retryFailed === undefined ? {} : { retryFailed }),
    ...(anew === undefined ? {} : { anew }),
  }
}

function isKeepPolicy(text: string): text is KeepPolicy {
  return ['changed', 'branch', 'workspace', 'nothing'].includes(text)
}

/** A repository that is none is told before anything is begun, and so is what may not run there. */
async function lookAtRepositories(
  { file, rows, places }: FileBatch,
  options: BatchCommandOptions,
  context: CommandContext,
): Promise<void> {
  const known = new Map<string, Project>()
  for (const [index, { url }] of places.entries()) {
    if (known.has(url) || isRemote(url)) continue
    try {
      known.set(url, await context.api.call('projects.open', { key: randomUUID(), path: url }))
    } catch (error) {
      const { line = 1, column = 1 } = rows[index]?.at ?? {}
      const why = SkeinError.from(error, url)
      throw new SkeinError(why.code, `${file}:${line}:${column}: ${why.message}`, { next: why.next, cause: error })
    }
  }
  const projects = new Map([...known.values()].map((project) => [project.id, project]))
  for (const project of projects.values())
    await settleTrust(context, project, undefined, options.json ? 'json' : 'tell')
}

/** Ctrl-C once: nothing more is begun. Twice: what is under way is interrupted. Three times, or a signal: leave it running. */
function listenForSignals(
  many: Batch,
  leaving: AbortController,
  { terminal }: CommandContext,
  view: BatchView | undefined,
  ending: AsyncDisposableStack,
): Promise<ExitCode> {
  const left = Promise.withResolvers<ExitCode>()
  let interrupts = 0
  const interrupt = () => {
    interrupts++
    if (interrupts === 1) {
      many.drain()
      view?.say('Ctrl-C again interrupts what is under way.')
    } else if (interrupts === 2) {
      leaving.abort()
      view?.say('Interrupting. Ctrl-C again leaves the agents at work.')
    } else left.resolve(ExitCode.interrupted)
  }
  const terminate = () => left.resolve(ExitCode.terminated)
  const handlers = [
    ['SIGINT', interrupt],
    ['SIGTERM', terminate],
    ['SIGHUP', terminate],
  ] as const
  for (const [signal, handler] of handlers) {
    process.on(signal, handler)
    ending.defer(() => void process.off(signal, handler))
  }
  if (view && terminal.interactive) ending.use(new Keyboard(terminal.stdin, { interrupt }))
  return left.promise
}

function tellOfLeaving(
  code: ExitCode,
  name: string,
  { terminal }: CommandContext,
  { json }: BatchCommandOptions,
): ExitCode {
  if (!json)
    print(terminal, [
      row('What is under way goes on. To come back to it: ', span(`skein batch ${name} --resume`, 'code')),
    ])
  return code
}

function exitCodeOf({ ok, stopped }: BatchReport): ExitCode {
  if (ok) return ExitCode.ok
  if (stopped?.because === 'cancelled') return ExitCode.interrupted
  return stopped?.because === 'budget' ? ExitCode.limit : ExitCode.failed
}

function lineOf(event: BatchEvent, record: string): JsonLine | undefined {
  switch (event.type) {
    case 'begun':
      return { ...event, type: 'batch', record }
    case 'started': {
      const { index, id, attempt, followed } = event
      return { type: 'request', state: 'started', index, id, attempt, followed }
    }
    case 'retrying': {
      const { index, id, attempt, failure, at } = event
      return { type: 'request', state: 'retrying', index, id, attempt, error: failure, at }
    }
    case 'ended': {
      const { index, id, outcome } = event
      return { type: 'request', state: 'ended', index, id, attempt: outcome.attempts, outcome }
    }
    case 'parked':
      return { type: 'batch_state', state: 'parked', until: event.until, because: event.because }
    case 'resumed':
      return { type: 'batch_state', state: 'resumed' }
    case 'stopping':
      return { type: 'batch_state', state: 'stopping', because: event.stop.message }
    case 'progress':
    case 'finished':
      return undefined
  }
}

function showPlan(
  many: Batch,
  { rows, places, file }: FileBatch,
  settings: { concurrency?: number; budget?: number },
  { json }: BatchCommandOptions,
  { terminal }: CommandContext,
): ExitCode {
  const plan = many.requests.map((request, index) => {
    const { url = '', branch, commit } = places[index] ?? {}
    const base = commit ?? branch
    const on = rows[index]?.on ?? 'local'
    return { request, where: `${url}${base === undefined ? '' : `@${base}`}${on === 'local' ? '' : ` on ${on}`}` }
  })
  if (json) {
    for (const { request, where } of plan) {
      const { id, tag, prompt, index } = request
      writeJson(terminal.stdout, {
        type: 'request',
        state: 'planned',
        index,
        id,
        attempt: 0,
        ...(tag === undefined ? {} : { tag }),
        where,
        prompt,
      })
    }
    return ExitCode.ok
  }
  const { concurrency = 4, budget } = settings
  print(terminal, [
    ...plan.map(({ request, where }) =>
      planRow(request.index, { label: labelOf(request), where, prompt: request.prompt }, terminal.columns()),
    ),
    row(
      span(
        `${file}: ${plan.length} requests, ${concurrency} at once${budget === undefined ? '' : `, for $${budget} at most`}. Nothing was begun.`,
        'dim',
      ),
    ),
  ])
  return ExitCode.ok
}

async function writeJunit(file: string, report: BatchReport, name: string, cwd: string): Promise<void> {
  const path = resolve(cwd, file)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, junitOf(report, name))
  } catch (error) {
    throw SkeinError.from(error, `cannot write the results to ${path}`)
  }
}

/** Each request's changes as a file that `git apply` takes. */
function patchWriter(folder: string, { api, cwd }: CommandContext): (outcome: RequestOutcome) => Promise<void> {
  const path = resolve(cwd, folder)
  return async (outcome) => {
    if (outcome.workspaceId === undefined || outcome.files.length === 0) return
    await mkdir(path, { recursive: true })
    const stem = (outcome.tag ?? outcome.id).replace(/[^\w.-]+/g, '-').slice(0, 80)
    const file = outcome.tag === undefined || stem === outcome.id ? stem : `${stem}-${outcome.id}`
    await writePatch(api, outcome.workspaceId, join(path, `${file}.patch`), cwd)
  }
}
