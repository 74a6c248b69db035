import {
  type Machine,
  type MachineProvider,
  type MachineRecord,
  type ProviderContext,
  SkeinError,
} from '@skein/plugin-api'
import { SSH_SETTINGS } from './settings.ts'
import { SshMachine } from './ssh-machine.ts'

const KIND = 'ssh'

export interface SshProviderOptions {
  /** The ssh_config to use instead of the user's and the system's; `SKEIN_SSH_CONFIG` unless given. */
  config?: string
}

/** Hosts of the user's own, by the system's ssh and the user's ssh_config. They are never made and never destroyed. */
export function createSshProvider(options: SshProviderOptions = {}): MachineProvider {
  // By the socket of the connection, which several machines of one home may share.
  const links = new Map<string, SshMachine['link']>()
  const machineFor = (record: MachineRecord, context: ProviderContext): Machine => {
    const machine = new SshMachine(record, context, options.config)
    links.set(machine.link.socket, machine.link)
    return machine
  }
  return {
    kind: KIND,
    label: 'ssh host',
    lifetime: 'shared',
    isolated: false,
    settings: SSH_SETTINGS,
    async create({ name, owner, settings }, context) {
      const id = name === '' && typeof settings.host === 'string' ? settings.host : name
      return machineFor({ kind: KIND, id, name: id, owner, details: settings }, context)
    },
    /** A host is not made, so there is none to find. */
    async *list() {},
    async attach(record, context) {
      if (record.kind !== KIND) throw new SkeinError('not_found', `${record.kind}:${record.id} is no ssh host`)
      return machineFor(record, context)
    },
    async diagnose(machine) {
      return machine instanceof SshMachine ? await machine.diagnose() : []
    },
    async close() {
      await Promise.all([...links.values()].map((link) => link.drop()))
      links.clear()
    },
  }
}
