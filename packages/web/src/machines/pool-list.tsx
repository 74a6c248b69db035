import type { MachinePool } from '@skein/protocol'
import { useNow } from '../checks/use-now.ts'
import { duration } from '../ui/amounts.ts'
import { poolText } from './pool-text.ts'

/** The machines that are made ahead with some settings, for each project that uses them. */
export function PoolList({ pools }: { pools: readonly MachinePool[] }) {
  return (
    <ul aria-label="Made ahead" className="w-full space-y-1 text-sm">
      {pools.map((pool) => (
        <li key={pool.projectId}>
          <span className="font-medium">{pool.projectName}</span>
          <span className="nums text-muted"> · {poolText(pool)}</span>
          {pool.problem !== undefined && (
            <p role="alert" className="text-danger [overflow-wrap:anywhere]">
              {pool.problem}
              {pool.retryAt !== undefined && <NextTry at={pool.retryAt} />}
            </p>
          )}
        </li>
      ))}
    </ul>
  )
}

function NextTry({ at }: { at: number }) {
  const now = useNow()
  return <span className="nums text-muted">{at > now ? ` · next try in ${duration(at - now)}` : ' · trying now'}</span>
}
