/** What the label `devcontainer.metadata` of an image says, which devcontainer tools put on the images they make. */
export interface ImageMetadata {
  user: string | undefined
  environment: Record<string, string>
}

/** The label's JSON is an object or a list of them, where the last wins. Anything else says nothing. */
export function parseMetadata(label: string | undefined): ImageMetadata {
  const said: ImageMetadata = { user: undefined, environment: {} }
  for (const entry of entriesOf(label)) {
    if (typeof entry.remoteUser === 'string') said.user = entry.remoteUser
    if (typeof entry.containerEnv !== 'object' || entry.containerEnv === null) continue
    for (const [name, value] of Object.entries(entry.containerEnv))
      if (typeof value === 'string' && !value.includes('${')) said.environment[name] = value
  }
  return said
}

function entriesOf(label: string | undefined): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(label ?? '[]')
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null)
  } catch {
    return []
  }
}
