import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PACKAGED = fileURLToPath(new URL('../dist/runner.cjs', import.meta.url))
const BUILD_SCRIPT = new URL('../../../scripts/build-runner.ts', import.meta.url)

let bundle: Promise<{ path: string; sha256: string }> | undefined

/** The runner as one file. A published package carries it; a checkout builds it from its sources when they changed. */
export function runnerBundle(): Promise<{ path: string; sha256: string }> {
  bundle ??= (existsSync(PACKAGED) ? Promise.resolve(packaged()) : build()).catch((error: unknown) => {
    bundle = undefined
    throw error
  })
  return bundle
}

function packaged(): { path: string; sha256: string } {
  return { path: PACKAGED, sha256: createHash('sha256').update(readFileSync(PACKAGED)).digest('hex') }
}

async function build(): Promise<{ path: string; sha256: string }> {
  const script = (await import(BUILD_SCRIPT.href)) as { buildRunner(): Promise<{ path: string; sha256: string }> }
  return script.buildRunner()
}
