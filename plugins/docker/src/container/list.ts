import type { MachineRecord } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import { recordFor } from './details.ts'
import { DETAILS_LABEL, KEY_LABEL, namesFor, OWNER_LABEL } from './names.ts'

const FORMATS = { details: `{{.Label "${DETAILS_LABEL}"}}`, key: `{{.Label "${KEY_LABEL}"}}` }

/** The machines of which the engine has any part: a container, or what one left behind. */
export async function listMachines(
  engine: ContainerEngine,
  owner: string,
  signal: AbortSignal,
): Promise<MachineRecord[]> {
  const doing = `listing Skein’s containers of ${engine.program}`
  const mine = ['--filter', `label=${OWNER_LABEL}=${owner}`, '--filter', `label=${KEY_LABEL}`]
  const rows = async (...args: string[]) =>
    (await engine.run(doing, [...args, ...mine], { signal })).split('\n').filter((row) => row !== '')
  const [containers, volumes, networks] = await Promise.all([
    rows('ps', '--all', '--format', `${FORMATS.key}\t${FORMATS.details}`),
    rows('volume', 'ls', '--format', FORMATS.key),
    rows('network', 'ls', '--format', FORMATS.key),
  ])
  const found = new Map<string, string>()
  for (const row of [...volumes, ...networks, ...containers]) {
    const [key = '', ...details] = row.split('\t')
    // The gate has no details.
    const text = details.join('\t')
    if (key !== '' && (text !== '' || !found.has(key))) found.set(key, text)
  }
  return [...found].map(([key, text]) => {
    const id = namesFor(owner, key).container
    return recordFor({ id, name: nameIn(text) ?? id, owner, key }, engine.address, text)
  })
}

function nameIn(text: string): string | undefined {
  const name = /"name":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  return name === undefined ? undefined : String(JSON.parse(`"${name}"`))
}
