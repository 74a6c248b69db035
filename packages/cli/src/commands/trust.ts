import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { type CommandContext, type CommandResult, print } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { canAsk } from '../follow/open-report.ts'
import { writeJson } from '../json-output.ts'
import { cleanLine } from '../render/clean.ts'
import { row, span } from '../render/row.ts'
import { askTrust, scriptRows, scriptTexts } from '../trust.ts'

export interface TrustOptions {
  base?: string
  list?: boolean
  yes?: boolean
  revoke?: boolean
  json?: boolean
}

/** `skein trust`: shows what a repository would run on your machine, and allows exactly that. */
export async function trust(path: string | undefined, options: TrustOptions, context: CommandContext): CommandResult {
  const { api, terminal, cwd } = context
  const project = await api.call('projects.open', { key: randomUUID(), path: resolve(cwd, path ?? '.') })
  const projectId = project.id
  const tell = (text: string) => {
    if (!options.json) print(terminal, [row(text)])
  }
  if (options.revoke) {
    const now = await api.call('projects.trust', { key: randomUUID(), projectId, hash: null })
    if (options.json) writeJson(terminal.stdout, { type: 'project', project: now })
    tell(`${cleanLine(project.name)} is not trusted any more; nothing of it runs.`)
    return ExitCode.ok
  }
  const found = await api.call('projects.scripts', {
    projectId,
    ...(options.base === undefined ? {} : { ref: options.base }),
  })
  if (options.json) {
    for (const script of found.scripts)
      writeJson(terminal.stdout, { type: 'script', projectId, trusted: found.trusted, script })
  } else if (found.scripts.length === 0) tell(`${cleanLine(project.name)} wants to run nothing.`)
  else print(terminal, options.list || !options.yes ? scriptTexts(found) : scriptRows(found))
  if (options.list || found.scripts.length === 0) return ExitCode.ok
  if (found.trusted) {
    tell('It is trusted, exactly as it is now.')
    return ExitCode.ok
  }
  if (options.yes) {
    const now = await api.call('projects.trust', { key: randomUUID(), projectId, hash: found.hash })
    if (options.json) writeJson(terminal.stdout, { type: 'project', project: now })
    tell(`${cleanLine(project.name)} is trusted, exactly as it is now.`)
    return ExitCode.ok
  }
  if (!canAsk(options, terminal)) {
    throw new SkeinError('needs_confirmation', `${project.name} is not trusted, and nobody is here to say that it is`, {
      next: 'Look at the list, then confirm with: skein trust --yes',
    })
  }
  const trusted = await askTrust(api, project, found, (rows) => print(terminal, rows))
  print(terminal, [
    trusted ? row(span('✓ ', 'good'), 'Trusted, exactly as it is now.') : row('Not trusted; nothing of it runs.'),
  ])
  return ExitCode.ok
}
