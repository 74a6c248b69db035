import { readFile } from 'node:fs/promises'
import { SkeinError } from '@skein/plugin-api'
import { archive } from '../container/archive.ts'
import { labels, type MachineNames } from '../container/names.ts'
import type { ContainerEngine } from '../engine/engine.ts'
import { ensureInnerNetwork } from './networks.ts'

/** Always allowed: the usual model's API. */
const MODEL_HOST = 'api.anthropic.com'
/** As gate.mjs says. */
const PORT = 3128
const SCRIPT = new URL('./gate.mjs', import.meta.url)

export interface GatePlan {
  names: MachineNames
  owner: string
  key: string
  /** An image with Node. */
  image: string
  allow: readonly string[]
  outerNetwork: string
}

/**
 * The way out for a machine with an allow-list: a container of its own between the machine's network, which leads nowhere, and the one
 * to the outside. Answers the former's id. The agent reaches neither its rules nor its process. It lives without Skein's server, as agents do.
 */
export async function ensureGate(engine: ContainerEngine, plan: GatePlan, signal: AbortSignal): Promise<string> {
  const { names, owner, key } = plan
  const inner = await ensureInnerNetwork(engine, { name: names.innerNetwork, owner, key }, signal)
  const doing = `making ${names.gate}, which lets through what is allowed`
  const args = [
    ...['create', '--name', names.gate, ...labels(owner, key), '--init', '--restart', 'no'],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '65534:65534'],
    ...['--memory', '256m', '--memory-swap', '256m', '--pids-limit', '64'],
    ...['--network', plan.outerNetwork, '--workdir', '/'],
    ...['--env', `GATE_ALLOW=${JSON.stringify([MODEL_HOST, ...plan.allow])}`],
    ...['--entrypoint', 'node', plan.image, '/skein-gate.mjs'],
  ]
  const made = await engine.attempt(doing, args, { signal })
  if (made.code !== 0 && !isNameTaken(made.stderr)) await engine.run(doing, args, { signal })
  const script = archive([
    { name: 'skein-gate.mjs', mode: 0o644, uid: 0, gid: 0, content: await readFile(SCRIPT, 'utf8') },
  ])
  await engine.run(doing, ['cp', '-', `${names.gate}:/`], { signal, input: script })
  const joined = await engine.attempt(doing, ['network', 'connect', '--alias', 'gate', inner, names.gate], {
    signal,
  })
  if (joined.code !== 0 && !/already exists|already connected/i.test(joined.stderr))
    throw new SkeinError('unavailable', `${doing}: ${joined.stderr.trim()}`, { next: 'Try again.' })
  await engine.run(doing, ['start', names.gate], { signal })
  return inner
}

/** What programs in the machine are told of it. */
export function gateVariables(): Record<string, string> {
  const url = `http://gate:${PORT}`
  const here = 'localhost,127.0.0.1,::1'
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: here,
    no_proxy: here,
    // Node's own fetch looks at them only when told to.
    NODE_USE_ENV_PROXY: '1',
  }
}

/** Somebody made it in the meantime. */
export function isNameTaken(stderr: string): boolean {
  return /is already in use/i.test(stderr)
}
