import { readFileSync } from 'node:fs'

/** The name of Skein's own image, in the version that goes with this one. */
export function agentImage(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return `skein/agent:${known ? manifest.version : 'latest'}`
}
