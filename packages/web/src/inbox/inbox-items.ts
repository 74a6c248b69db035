import type { Ask, Workspace } from '@skein/protocol'

/** What a person is needed for, in the order in which it is looked at. */
export interface Inbox {
  /** Asks by workspace; the one that waits longest first. */
  asks: readonly { workspaceId: string; workspaceName: string; asks: readonly Ask[] }[]
  failed: readonly Workspace[]
  ready: readonly Workspace[]
  working: readonly Workspace[]
}

/** `kept`: asks that were open when they were first shown here stay, so that one sees how they ended. */
export function inboxOf(
  asks: Iterable<Ask>,
  workspaces: readonly Workspace[],
  kept: ReadonlySet<string> = new Set(),
): Inbox {
  const shown = [...asks]
    .filter((ask) => ask.state === 'open' || kept.has(ask.id))
    .sort((a, b) => a.createdAt - b.createdAt)
  const present = workspaces.filter(({ archived, state }) => !archived && state !== 'removed' && state !== 'removing')
  const those = (...statuses: Workspace['status']['status'][]) =>
    present
      .filter(({ status }) => statuses.includes(status.status))
      .sort((a, b) => a.activeAt - b.activeAt || a.name.localeCompare(b.name))
  return {
    asks: [...Map.groupBy(shown, ({ workspaceId }) => workspaceId)].map(([workspaceId, group]) => ({
      workspaceId,
      workspaceName: group[0]?.workspaceName ?? workspaceId,
      asks: group,
    })),
    failed: those('failed'),
    ready: those('ready_for_review'),
    working: those('working', 'checking'),
  }
}

/** Everything that the keys walk through, from top to bottom. */
export function stopsOf({ asks, failed, ready }: Inbox): string[] {
  return [
    ...asks.flatMap((group) => group.asks.map((ask) => `ask ${ask.id}`)),
    ...[...failed, ...ready].map(({ id }) => `workspace ${id}`),
  ]
}

/** The stop after (or before) one; the first where there is none yet. */
export function nextStop(stops: readonly string[], from: string | undefined, by: 1 | -1): string | undefined {
  const at = from === undefined ? -1 : stops.indexOf(from)
  if (at === -1) return stops[0]
  return stops[Math.max(0, Math.min(stops.length - 1, at + by))]
}
