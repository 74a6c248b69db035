import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** In a published package both lie beside its one module. */
const PACKAGED = { entry: beside('./entry.sh'), bundle: beside('./door.cjs') }
const ENTRY = beside('../inside/entry.sh')
const BUILD_SCRIPT = new URL('../../../../scripts/build-door.ts', import.meta.url)

/** What runs inside, as files of this computer: the first process, and the door that it starts. A checkout builds it when its sources changed. */
export async function doorFiles(): Promise<{ entry: string; bundle: string }> {
  if (existsSync(PACKAGED.bundle)) return PACKAGED
  const script = (await import(BUILD_SCRIPT.href)) as { buildDoor(): Promise<{ path: string }> }
  return { entry: ENTRY, bundle: (await script.buildDoor()).path }
}

function beside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
