import type { MachineRecord, ProviderContext } from '@skein/plugin-api'
import type { MachineRow, MachinesOptions } from './machines.ts'

/** Machines of ours that exist and belong to nothing that is known are ended (`dryRun`: looked for). Answers their names. */
export async function reapMachines(
  { providers, owner, db, log }: Pick<MachinesOptions, 'providers' | 'owner' | 'db' | 'log'>,
  context: (machineId: string) => ProviderContext,
  dryRun: boolean,
): Promise<string[]> {
  const reaped: string[] = []
  for (const provider of providers.values()) {
    if (provider.lifetime !== 'workspace') continue
    try {
      for await (const record of provider.list(owner, context(provider.kind))) {
        // Read for each: whatever begins meanwhile is written down before it exists.
        const rows = await db.selectFrom('machines').selectAll().where('kind', '=', provider.kind).execute()
        if (rows.some((row) => row.state !== 'gone' && isMachineOf(row, record))) continue
        if (!dryRun) await (await provider.attach(record, context(provider.kind))).destroy()
        reaped.push(`${record.kind} ${record.name}`)
      }
    } catch (error) {
      log('warn', 'machines could not be looked through', { kind: provider.kind, error: String(error) })
    }
  }
  return reaped
}

export function isMachineOf(row: MachineRow, record: MachineRecord): boolean {
  const known = JSON.parse(row.record) as MachineRecord | null
  return record.details.key === row.id || known?.id === record.id
}
