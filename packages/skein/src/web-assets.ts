import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PACKAGED = fileURLToPath(new URL('../dist/web', import.meta.url))
const BUILD_SCRIPT = new URL('../../../scripts/build-web.ts', import.meta.url)

/**
 * The folder of the web app's files. A published package carries it; a checkout builds it when its sources changed.
 *
 * @param onBuilding told when that takes some seconds
 */
export async function webAssets(onBuilding: () => void): Promise<string> {
  if (existsSync(PACKAGED)) return PACKAGED
  const script = (await import(BUILD_SCRIPT.href)) as { buildWeb(onBuilding: () => void): Promise<string> }
  return script.buildWeb(onBuilding)
}
