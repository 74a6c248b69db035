import type { Status, Workspace } from '@skein/protocol'

export interface Section {
  key: string
  title: string
  ids: readonly string[]
  /** Of a project; it can be folded and has a way to make workspaces. */
  projectId?: string
  /** Its agents speak with a scripted model. */
  demo?: boolean
}

const RANK: Record<Status, number> = {
  needs_you: 0,
  failed: 1,
  ready_for_review: 2,
  working: 3,
  checking: 3,
  unknown: 4,
  idle: 5,
}

type Arranged = Pick<
  Workspace,
  'id' | 'name' | 'branch' | 'projectId' | 'projectName' | 'createdAt' | 'pinned' | 'archived' | 'state' | 'status'
>

/**
 * The sidebar's sections: who needs the person, then each project, then what was put away. Within a section nothing moves
 * because an agent said something: pinned first, then by status, then the newest.
 */
export function arrange(
  workspaces: Iterable<Arranged>,
  projects: Iterable<{ id: string; name: string; demo?: boolean }>,
  filter: string,
): Section[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = [...workspaces]
    .filter((workspace) => workspace.state !== 'removed' && words.every((word) => wordsOf(workspace).includes(word)))
    .sort(
      (a, b) =>
        Number(b.pinned) - Number(a.pinned) ||
        RANK[a.status.status] - RANK[b.status.status] ||
        b.createdAt - a.createdAt ||
        a.id.localeCompare(b.id),
    )
  const present = shown.filter((workspace) => !workspace.archived)
  const needing = present.filter((workspace) => workspace.status.status === 'needs_you')
  const others = present.filter((workspace) => workspace.status.status !== 'needs_you')
  const archived = shown.filter((workspace) => workspace.archived)
  const known = [...projects]
  const demos = new Set(known.filter(({ demo }) => demo).map(({ id }) => id))
  const names = new Map(known.map(({ id, name }) => [id, name]))
  for (const { projectId, projectName } of present) if (!names.has(projectId)) names.set(projectId, projectName)
  const byProject = Map.groupBy(others, ({ projectId }) => projectId)
  const sections: Section[] = []
  if (needing.length > 0) sections.push({ key: 'needs you', title: 'Needs you', ids: needing.map(({ id }) => id) })
  const busy = ([projectId]: [string, string]) => Number(byProject.has(projectId))
  for (const [projectId, title] of [...names].sort((a, b) => busy(b) - busy(a) || a[1].localeCompare(b[1]))) {
    const ids = (byProject.get(projectId) ?? []).map(({ id }) => id)
    const above = needing.some((workspace) => workspace.projectId === projectId)
    if (ids.length > 0 || (words.length === 0 && !above))
      sections.push({ key: projectId, title, ids, projectId, ...(demos.has(projectId) ? { demo: true } : {}) })
  }
  if (archived.length > 0) sections.push({ key: 'archived', title: 'Archived', ids: archived.map(({ id }) => id) })
  return sections
}

const wordsOf = ({ name, branch, projectName, status }: Arranged) =>
  `${name} ${branch} ${projectName} ${status.status.replaceAll('_', ' ')} ${status.because}`.toLowerCase()
