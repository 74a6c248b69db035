/** Which version of which file a person has marked as viewed, kept in the browser. */
export type Viewed = Readonly<Record<string, string>>

/** Files that are forgotten first when a workspace has more marks than this. */
const MOST = 5000

export function storedViewed(workspaceId: string, storage: Pick<Storage, 'getItem'> = localStorage): Viewed {
  try {
    const value: unknown = JSON.parse(storage.getItem(storageKey(workspaceId)) ?? '{}')
    if (typeof value !== 'object' || value === null) return {}
    return Object.fromEntries(Object.entries(value).filter((entry) => typeof entry[1] === 'string'))
  } catch {
    return {}
  }
}

export function storeViewed(
  workspaceId: string,
  viewed: Viewed,
  storage: Pick<Storage, 'setItem'> = localStorage,
): void {
  try {
    storage.setItem(storageKey(workspaceId), JSON.stringify(Object.fromEntries(Object.entries(viewed).slice(-MOST))))
  } catch {
    // A full or forbidden storage: the marks last as long as the page.
  }
}

/** A mark holds for the very content that was looked at. */
export function isViewed(viewed: Viewed, path: string, version: string | undefined): boolean {
  return version !== undefined && viewed[path] === version
}

export function withViewed(viewed: Viewed, path: string, version: string | undefined): Viewed {
  const { [path]: _, ...others } = viewed
  return version === undefined ? others : { ...others, [path]: version }
}

function storageKey(workspaceId: string): string {
  return `skein.viewed.${workspaceId}`
}
