import { labels, OWNER_LABEL, outerNetwork } from '../container/names.ts'
import type { ContainerEngine } from '../engine/engine.ts'

/** The network to the outside (its id) that all of an installation's containers use; they cannot reach each other there. */
export async function ensureOuterNetwork(engine: ContainerEngine, owner: string, signal: AbortSignal): Promise<string> {
  const name = outerNetwork(owner)
  const apart = engine.program === 'docker' ? ['--opt', 'com.docker.network.bridge.enable_icc=false'] : []
  return ensure(engine, name, ['--label', `${OWNER_LABEL}=${owner}`, ...apart], signal)
}

/**
 * A machine's network that leads nowhere, without an address of the host in it: what listens on the host cannot be reached either.
 */
export async function ensureInnerNetwork(
  engine: ContainerEngine,
  { name, owner, key }: { name: string; owner: string; key: string },
  signal: AbortSignal,
): Promise<string> {
  const noHost = engine.program === 'docker' ? ['--opt', 'com.docker.network.bridge.inhibit_ipv4=true'] : []
  return ensure(engine, name, [...labels(owner, key), '--internal', ...noHost], signal)
}

/** By name, what is being done about it in this process. */
const ensuring = new Map<string, Promise<string>>()

/** Its id. Docker allows two networks of one name, so this process does one thing at a time about a name. */
function ensure(engine: ContainerEngine, name: string, options: string[], signal: AbortSignal): Promise<string> {
  const before = ensuring.get(name) ?? Promise.resolve('')
  const after = before.catch(() => '').then(() => find(engine, name, options, signal))
  ensuring.set(name, after)
  const forget = () => {
    if (ensuring.get(name) === after) ensuring.delete(name)
  }
  after.then(forget, forget)
  return after
}

/** Of two that other processes made at the same moment, all take the same one. */
async function find(engine: ContainerEngine, name: string, options: string[], signal: AbortSignal): Promise<string> {
  const doing = `making the network ${name}`
  const create = ['network', 'create', ...options, name]
  if ((await idsOf(engine, name, signal)).length === 0) {
    const made = await engine.attempt(doing, create, { signal })
    if (made.code !== 0 && (await idsOf(engine, name, signal)).length === 0) await engine.run(doing, create, { signal })
  }
  const [id = name, ...more] = (await idsOf(engine, name, signal)).sort()
  for (const other of more) await engine.attempt(doing, ['network', 'rm', other], { signal })
  return id
}

async function idsOf(engine: ContainerEngine, name: string, signal: AbortSignal): Promise<string[]> {
  const args = ['network', 'ls', '--no-trunc', '--filter', `name=^${name}$`, '--format', '{{.ID}}']
  return (await engine.run(`looking for the network ${name}`, args, { signal })).split('\n').filter((id) => id !== '')
}
