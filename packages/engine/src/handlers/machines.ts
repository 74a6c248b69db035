import { SkeinError } from '@skein/protocol'
import type { CallHandlers, Parts } from '../api.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import { monitorWorkspace } from '../machines/monitor.ts'
import { poolSizeOf, settingsOf } from '../machines/own-settings.ts'
import { listMachines, shownMachine } from '../machines/view.ts'
import { projectRow } from '../projects/projects.ts'
import { findWorkspace } from '../workspaces/view.ts'

type Methods = Extract<keyof CallHandlers, `machines.${string}`>

export function machineHandlers({ context, commands }: Parts): Pick<CallHandlers, Methods> {
  const { machines } = context

  return {
    'machines.kinds': async () =>
      machines.kinds.map((provider) => {
        const { kind, label, lifetime, isolated } = provider
        return { kind, label, lifetime, isolated, settings: settingsOf(provider) }
      }),
    'machines.list': () => listMachines(context),
    'machines.add': (params) =>
      commands.once('machines.add', params, async () => {
        const nameless = params.name === '' && machines.provider(params.kind).lifetime === 'workspace'
        if (params.kind !== HOME_MACHINE && !nameless && !/^[A-Za-z0-9][A-Za-z0-9._@:-]*$/.test(params.name))
          throw new SkeinError(
            'invalid',
            `"${params.name}" cannot be the name of a machine of the kind ${params.kind}`,
            {
              next: 'Use letters, digits, - _ . : and @.',
            },
          )
        const row = await machines.add(params.kind, params.name, params.settings ?? {})
        if (row.state === 'known') {
          // Other settings count from the next link on.
          await machines.release(row.id)
          await machines.runner(row.id)
        } else await context.pools.retryNow(row.id)
        return shownMachine(context, row.id)
      }),
    'machines.remove': (params) =>
      commands.once('machines.remove', params, async () => {
        const machine = await shownMachine(context, params.machineId)
        if (machine.id === HOME_MACHINE)
          throw new SkeinError('invalid', 'this computer is always known', { next: 'Remove its workspaces instead.' })
        if (machine.workspaces.length > 0)
          throw new SkeinError(
            'conflict',
            `${machine.workspaces.length} ${machine.workspaces.length === 1 ? 'workspace is' : 'workspaces are'} on ${machine.id}`,
            { next: 'Remove them first: skein ls, skein rm' },
          )
        if (machine.pool) {
          await context.pools.end(machine.id)
          context.pools.wake()
          return {}
        }
        if (machine.lifetime === 'workspace') await machines.destroy(machine.id)
        await machines.forget(machine.id)
        if (machine.template) await context.pools.drain(machine.id)
        return {}
      }),
    'machines.fill': (params) =>
      commands.once('machines.fill', params, async () => {
        const machine = await shownMachine(context, params.machineId)
        const project = await projectRow(context, params.projectId)
        if (!machine.template || poolSizeOf(machine.settings) === 0)
          throw new SkeinError('invalid', `${machine.id} makes no machines ahead`, {
            next: `Say how many: skein machine add ${machine.template ? machine.id : 'KIND:NAME'} --set pool=2`,
          })
        await context.pools.use(machine.id, project.id)
        await context.pools.retryNow(machine.id)
        return shownMachine(context, machine.id)
      }),
    'machines.monitor': async ({ workspaceId }) => {
      const monitored = await monitorWorkspace(context, await findWorkspace(context, workspaceId))
      return monitored === undefined ? {} : { monitored }
    },
    'machines.diagnose': async ({ machineId }) => {
      const row = await machines.row((await shownMachine(context, machineId)).id)
      const provider = machines.provider(row?.kind ?? '')
      if (!provider.diagnose || row?.record === 'null') return { findings: [] }
      const found = await provider.diagnose(await machines.machine(machineId), machines.context(machineId))
      return { findings: found.map((finding, index) => ({ id: `${machineId}-${index}`, ...finding })) }
    },
    'machines.start': (params) =>
      commands.once('machines.start', params, async () => {
        const { id } = await shownMachine(context, params.machineId)
        await machines.start(id)
        return shownMachine(context, id)
      }),
    'machines.stop': (params) =>
      commands.once('machines.stop', params, async () => {
        const { id, kind } = await shownMachine(context, params.machineId)
        if (id === HOME_MACHINE || machines.provider(kind).lifetime === 'shared')
          throw new SkeinError('invalid', `${id} is not Skein's to stop`, {
            next: 'Stop what runs there: skein ls, skein stop',
          })
        await machines.stop(id)
        return shownMachine(context, id)
      }),
    'machines.resources': async ({ machineId }) => {
      const { id } = await shownMachine(context, machineId)
      // Who only looks is no reason for an idle machine to run on.
      const runner = (await machines.connected(id)) ?? (await machines.runner(id))
      const resources = await runner.call('machine.resources', {})
      const processes = await runner.call('process.resources', {})
      return { ...resources, processes: processes.map(({ id, rssBytes, cpuMs }) => ({ id, rssBytes, cpuMs })) }
    },
    'machines.shell': async ({ machineId, command }) => {
      const { id } = await shownMachine(context, machineId)
      await machines.awaken(id)
      const machine = await machines.machine(id)
      if (id === HOME_MACHINE || !machine.shell)
        throw new SkeinError('invalid', `${id} has no shell to be opened from here`, {
          next: id === HOME_MACHINE ? 'It is this computer.' : 'Open a terminal in one of its workspaces.',
        })
      return machine.shell(command)
    },
  }
}
