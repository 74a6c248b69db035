import type { Workspace } from '@skein/protocol'
import { dollars } from '../ui/amounts.ts'
import { costOf } from '../workspace/cost.ts'
import { DiffSize } from '../workspace/diff-size.tsx'
import { StatusEvidence } from '../workspace/status-evidence.tsx'

/** All that the sidebar has no room for: the evidence of the status, branch, machine, size, cost. */
export function WorkspaceCard({ workspace }: { workspace: Workspace }) {
  const { branch, baseRef, machine, projectName, diff, sessions } = workspace
  const cost = costOf(workspace)
  const facts: [name: string, value: string][] = [
    ['Project', projectName],
    ['Branch', branch],
    ['From', baseRef],
    ['Machine', machine],
    ['Sessions', String(sessions.length)],
    ...(cost > 0 ? [['Cost', dollars(cost)] satisfies [string, string]] : []),
  ]
  return (
    <>
      <StatusEvidence report={workspace.status} />
      <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 border-t pt-2 text-sm">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="min-w-0 break-all">{value}</dd>
          </div>
        ))}
        {diff && diff.files > 0 && (
          <div className="contents">
            <dt className="text-muted">Changes</dt>
            <dd>
              <DiffSize diff={diff} className="text-sm" /> in {diff.files} {diff.files === 1 ? 'file' : 'files'}
            </dd>
          </div>
        )}
      </dl>
    </>
  )
}
