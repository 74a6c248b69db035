import { CircleCheck, RefreshCw } from 'lucide-react'
import { useApiQuery } from '../api/query.ts'
import { Wrong } from '../doctor/page.tsx'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { Failure } from './clone-form.tsx'

/** What keeps agents from working on this computer, with what to do; one line where nothing does. */
export function WelcomeFindings() {
  const { data, error, isPending, isFetching, refetch } = useApiQuery('server.doctor', {})
  if (isPending) return null
  if (error !== null) return <Failure error={error} />
  const wrong = data.findings.filter(({ ok, severity }) => !ok && severity !== 'info')
  if (wrong.length === 0) {
    return (
      <p className="flex items-center gap-2 text-muted text-sm">
        <CircleCheck aria-hidden className="size-4 shrink-0 text-success" />
        Everything that agents need is on this computer.
      </p>
    )
  }
  const blocking = wrong.some(({ severity }) => severity === 'error')
  return (
    <section aria-labelledby="findings">
      <div className="mb-2 flex items-center gap-3">
        <h2 id="findings" className="mr-auto font-semibold">
          {blocking ? 'Before agents can work' : 'Good to know'}
        </h2>
        <Button size="sm" disabled={isFetching} onClick={() => void refetch()}>
          <RefreshCw aria-hidden className={cn(isFetching && 'animate-spin')} />
          Look again
        </Button>
      </div>
      <ul className="flex flex-col gap-2">
        {wrong.map((finding) => (
          <Wrong key={finding.id} finding={finding} />
        ))}
      </ul>
      {blocking && <p className="mt-2 text-muted text-sm">The demo project needs no credentials of yours.</p>}
    </section>
  )
}
