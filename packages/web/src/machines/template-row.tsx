import type { MachineInfo } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { Plus, Settings2 } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { RemoveButton } from './machine-actions.tsx'
import { MachineDialog } from './machine-dialog.tsx'
import { KindIcon } from './machine-look.tsx'
import { PoolList } from './pool-list.tsx'

/** Settings under a name, from which a machine is made for each workspace that is put there. */
export function TemplateRow({ machine }: { machine: MachineInfo }) {
  const [editing, setEditing] = useState(false)
  const { id, kind, settings, pools } = machine
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3">
      <KindIcon kind={kind} className="text-muted" />
      <div className="min-w-48 flex-1">
        <h3 className="font-medium">{id}</h3>
        <p className="text-muted text-xs [overflow-wrap:anywhere]">
          {Object.entries(settings)
            .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
            .join(' · ')}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        <Button size="sm" asChild>
          <Link to="/new" search={{ on: id }}>
            <Plus />
            New workspace
          </Link>
        </Button>
        <Button size="sm" onClick={() => setEditing(true)}>
          <Settings2 />
          Settings
        </Button>
        <RemoveButton machine={machine} label={id} />
      </div>
      {pools && <PoolList pools={pools} />}
      {editing && <MachineDialog machine={machine} onClose={() => setEditing(false)} />}
    </li>
  )
}
