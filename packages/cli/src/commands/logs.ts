import type { Envelope, SkeinApi, Workspace } from '@skein/protocol'
import type { CommandContext, CommandResult } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { findWorkspace, sessionOf } from '../find-workspace.ts'
import { openReport } from '../follow/open-report.ts'
import { quietReport } from '../follow/quiet-report.ts'
import type { Report } from '../follow/report.ts'
import { writeJson } from '../json-output.ts'
import { cleanText } from '../render/clean.ts'

export interface LogsOptions {
  follow?: boolean
  raw?: boolean
  setup?: boolean
  json?: boolean
}

const PAGE = 1000

/** `skein logs`: the transcript of a workspace's session, or the log of its set-up. */
export async function logs(name: string, options: LogsOptions, context: CommandContext): CommandResult {
  const { api, terminal } = context
  const workspace = await findWorkspace(api, name)
  if (options.setup) return setupLog(workspace, options, context)
  const { id, seq } = sessionOf(workspace)
  const report = options.raw ? rawReport(terminal.stdout) : openReport(options, { terminal, whole: true, plans: true })
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  try {
    if (options.follow) {
      for await (const item of api.subscribe('sessions.follow', { sessionId: id }, stop.signal)) {
        if (item.type === 'event') report.event(item.envelope)
      }
    } else {
      for await (const envelope of stored(api, id, seq)) report.event(envelope)
    }
  } finally {
    process.off('SIGINT', onInterrupt)
    report.close()
  }
  return ExitCode.ok
}

async function* stored(api: SkeinApi, sessionId: string, last: number): AsyncGenerator<Envelope> {
  for (let after = 0; after < last; ) {
    const { events } = await api.call('sessions.events', { sessionId, after, limit: PAGE })
    yield* events
    const end = events.at(-1)
    if (end === undefined) return
    after = end.seq
  }
}

/** Each event as it is stored, a line each. */
function rawReport(stdout: NodeJS.WritableStream): Report {
  return { ...quietReport, event: (envelope) => void stdout.write(`${JSON.stringify(envelope)}\n`) }
}

async function setupLog(workspace: Workspace, options: LogsOptions, { api, terminal }: CommandContext): CommandResult {
  for await (const { step, text } of api.subscribe('workspaces.log', { workspaceId: workspace.id })) {
    if (options.json) writeJson(terminal.stdout, { type: 'log', workspaceId: workspace.id, step, text })
    else terminal.stdout.write(options.raw ? text : cleanText(text))
  }
  return ExitCode.ok
}
