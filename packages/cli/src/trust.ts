import { randomUUID } from 'node:crypto'
import type { ApiResult, Project, SkeinApi } from '@skein/protocol'
import { type CommandContext, print, remark } from './context.ts'
import { writeJson } from './json-output.ts'
import { cleanLine, reveal } from './render/clean.ts'
import { type Row, row, span } from './render/row.ts'

type Scripts = ApiResult<'projects.scripts'>

/** What a repository would run, a line each. */
export function scriptRows({ scripts }: Scripts): Row[] {
  return scripts.map(({ path, kind, summary }) =>
    row(
      '  ',
      span(kind.replaceAll('_', ' '), 'warn'),
      ' ',
      span(cleanLine(path), 'strong'),
      span(`  ${cleanLine(summary)}`, 'dim'),
    ),
  )
}

/** The same with the whole of each file. */
export function scriptTexts({ scripts }: Scripts): Row[] {
  return scripts.flatMap(({ path, kind, content }) => [
    row(span(`${cleanLine(path)}`, 'strong'), span(`  ${kind.replaceAll('_', ' ')}`, 'warn')),
    ...reveal(content)
      .trimEnd()
      .split('\n')
      .map((line) => row(span('│ ', 'dim'), line)),
    [],
  ])
}

/**
 * Before a workspace is made of a repository whose scripts nobody has allowed: asks the person at the terminal, or says that
 * they will not run.
 */
export async function settleTrust(
  context: CommandContext,
  project: Project,
  base: string | undefined,
  how: 'ask' | 'tell' | 'json',
): Promise<void> {
  if (project.trust.state === 'trusted' || project.trust.state === 'nothing_to_trust') return
  const { api, terminal } = context
  const scripts = await api.call('projects.scripts', { projectId: project.id, ...(base ? { ref: base } : {}) })
  if (scripts.trusted || scripts.scripts.length === 0) return
  const why = project.trust.state === 'changed' ? 'has changed what it wants to run' : 'wants to run code'
  if (how === 'json') {
    writeJson(terminal.stdout, {
      type: 'notice',
      severity: 'warning',
      title: `${project.name} ${why}; it is not trusted, so that will not run`,
      detail: scripts.scripts.map(({ path }) => path).join(', '),
    })
    return
  }
  if (how === 'tell') {
    remark(terminal, [
      row(span('! ', 'warn'), `${cleanLine(project.name)} ${why}; it is not trusted, so this will not run:`),
      ...scriptRows(scripts),
      row(span('  To look at it and allow it: skein trust', 'dim')),
    ])
    return
  }
  print(terminal, [
    row(span('! ', 'warn'), span(cleanLine(project.name), 'strong'), ` ${why} on your machine:`),
    ...scriptRows(scripts),
  ])
  await askTrust(context.api, project, scripts, (rows) => print(terminal, rows))
}

/** Asks whether exactly these scripts may run from now on. Answers whether they may. */
export async function askTrust(
  api: SkeinApi,
  project: Project,
  scripts: Scripts,
  show: (rows: Row[]) => void,
): Promise<boolean> {
  const { choose } = await import('./asks/terminal-answer.ts')
  for (;;) {
    const choice = await choose(
      'May it?',
      [
        { value: 'no', label: 'No, go on without' },
        { value: 'look', label: 'Show me what it is' },
        { value: 'yes', label: 'Yes, exactly as it is now' },
      ],
      new AbortController().signal,
    )
    if (choice === 'look') show(scriptTexts(scripts))
    else if (choice !== 'yes') return false
    else {
      await api.call('projects.trust', { key: randomUUID(), projectId: project.id, hash: scripts.hash })
      return true
    }
  }
}
