import type { Finding } from '@skein/protocol'
import { CircleCheck } from 'lucide-react'
import { useApiQuery } from '../api/query.ts'
import { Wrong } from '../doctor/page.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'

interface DiagnosisProps {
  machineId: string
  label: string
  onClose(): void
}

/** What a machine has and lacks, each with what to do about it. */
export function Diagnosis({ machineId, label, onClose }: DiagnosisProps) {
  const found = useApiQuery('machines.diagnose', { machineId }, { staleTime: 0 })
  const findings = found.data?.findings ?? []
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title={`Diagnosis of ${label}`} className="sm:max-w-2xl">
        <DialogBody>
          <p role="status" className="sr-only">
            {found.isFetching ? 'Looking…' : `${findings.filter(({ ok }) => !ok).length} things to repair`}
          </p>
          {found.isPending ? (
            <SkeletonLines lines={5} />
          ) : found.isError ? (
            <ErrorState error={found.error} title="It could not be looked at" retry={() => void found.refetch()} />
          ) : (
            <Findings findings={findings} />
          )}
        </DialogBody>
        <DialogFooter>
          <Button onClick={() => void found.refetch()} disabled={found.isFetching}>
            {found.isFetching ? 'Looking…' : 'Look again'}
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return <p className="text-muted">There is nothing that this kind of machine could lack.</p>
  return (
    <>
      <ul className="space-y-3">
        {findings.flatMap((finding) => (finding.ok ? [] : [<Wrong key={finding.id} finding={finding} />]))}
      </ul>
      <ul className="mt-2">
        {findings
          .filter(({ ok }) => ok)
          .map(({ id, what, detail }) => (
            <li key={id} className="flex items-start gap-2.5 border-b py-2 last:border-b-0">
              <CircleCheck role="img" aria-label="In order" className="mt-0.5 size-4 shrink-0 text-success" />
              <span className="min-w-0 [overflow-wrap:anywhere]">
                {what}
                {detail && <span className="text-muted text-sm"> · {detail}</span>}
              </span>
            </li>
          ))}
      </ul>
    </>
  )
}
