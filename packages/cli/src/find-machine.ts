import { type MachineInfo, type SkeinApi, SkeinError } from '@skein/protocol'

/** The machine that somebody means by its id, by its name alone, or by the name of a workspace that is on it. */
export async function findMachine(api: SkeinApi, wanted: string): Promise<MachineInfo> {
  const machines = await api.call('machines.list', {})
  const exact = machines.find(({ id }) => id === wanted)
  if (exact) return exact
  const named = machines.filter(({ name, template, pool }) => name === wanted && !template && !pool)
  const [only, ...others] = named.length > 0 ? named : await ofWorkspace(api, machines, wanted)
  if (only && others.length === 0) return only
  throw new SkeinError('not_found', only ? `several machines are called ${wanted}` : `there is no machine ${wanted}`, {
    next: `There ${machines.length === 1 ? 'is' : 'are'}: ${machines.map(({ id }) => id).join(', ')}.`,
  })
}

async function ofWorkspace(api: SkeinApi, machines: readonly MachineInfo[], name: string): Promise<MachineInfo[]> {
  const workspaces = await api.call('workspaces.list', {})
  const workspace = workspaces.find((one) => one.name === name || one.id === name)
  return machines.filter(({ id }) => id === workspace?.machine)
}
