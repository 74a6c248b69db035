import type { Finding } from '@skein/protocol'
import { CircleAlert, CircleCheck, Info, RefreshCw, Stethoscope, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useProjects } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import { CopyableCode } from '../checks/copyable-code.tsx'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { remedyParts } from './remedy.ts'

/** What is missing on the computer or for a project, each with what to do about it. */
export function DoctorPage() {
  const projects = useProjects()
  const [path, setPath] = useState('')
  const found = useApiQuery('server.doctor', path ? { path } : {}, { staleTime: 0 })
  const findings = found.data?.findings ?? []
  const wrong = findings.filter((finding) => !finding.ok).sort((a, b) => ORDER[a.severity] - ORDER[b.severity])
  const right = findings.filter((finding) => finding.ok)
  return (
    <div className="h-full overflow-y-auto px-4 py-6 md:px-8">
      <div className="mx-auto max-w-3xl">
        <header className="flex flex-wrap items-center gap-3">
          <h1 className="mr-auto font-semibold text-xl">Doctor</h1>
          <label className="flex min-w-0 items-center gap-2 text-muted text-sm">
            For
            <select
              value={path}
              onChange={(event) => setPath(event.target.value)}
              className="field max-w-48 py-1 text-sm"
            >
              <option value="">this computer</option>
              {projects.map((project) => (
                <option key={project.id} value={project.path}>
                  {project.name}
                </option>
              ))}
            </select>
          </label>
          <Button onClick={() => void found.refetch()} disabled={found.isFetching}>
            <RefreshCw aria-hidden className={cn(found.isFetching && 'motion-safe:animate-spin')} />
            Look again
          </Button>
        </header>
        <p role="status" className="mt-2 mb-5 text-muted">
          {found.isPending ? 'Looking…' : found.data ? summary(wrong) : ''}
        </p>
        {found.isError ? (
          <ErrorState error={found.error} title="The doctor could not look" retry={() => void found.refetch()} />
        ) : found.isPending ? (
          <SkeletonLines lines={6} />
        ) : findings.length === 0 ? (
          <EmptyState icon={Stethoscope} title="Nothing was looked at">
            There is nothing to check for this project.
          </EmptyState>
        ) : (
          <>
            <ul className="space-y-3">
              {wrong.map((finding) => (
                <Wrong key={finding.id} finding={finding} />
              ))}
            </ul>
            {right.length > 0 && (
              <section aria-labelledby="doctor-right" className="mt-6">
                <h2 id="doctor-right" className="mb-1 font-medium text-muted text-sm">
                  In order
                </h2>
                <ul>
                  {right.map((finding) => (
                    <li key={finding.id} className="flex items-start gap-2.5 border-b py-2 last:border-b-0">
                      <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-success" />
                      <span className="min-w-0 [overflow-wrap:anywhere]">
                        {finding.what}
                        {finding.detail && <span className="text-muted text-sm"> · {finding.detail}</span>}
                      </span>
                    </li>
                  ))}
                </ul>
              </section>
            )}
          </>
        )}
      </div>
    </div>
  )
}

const ORDER: Record<Finding['severity'], number> = { error: 0, warning: 1, info: 2 }
const LOOK = {
  error: { icon: CircleAlert, color: 'text-danger', label: 'Error' },
  warning: { icon: TriangleAlert, color: 'text-warning', label: 'Warning' },
  info: { icon: Info, color: 'text-info', label: 'Hint' },
} as const

/** Something that is not in order, with what to do about it. */
export function Wrong({ finding }: { finding: Finding }) {
  const { icon: Icon, color, label } = LOOK[finding.severity]
  return (
    <li className="flex items-start gap-3 rounded-lg border p-4">
      <Icon role="img" aria-label={label} className={cn('mt-0.5 size-4 shrink-0', color)} />
      <div className="min-w-0 flex-1">
        <h2 className="font-medium [overflow-wrap:anywhere]">{finding.what}</h2>
        {finding.detail && (
          <p className="mt-0.5 whitespace-pre-wrap text-muted text-sm [overflow-wrap:anywhere]">{finding.detail}</p>
        )}
        {finding.remedy && <Remedy text={finding.remedy} />}
      </div>
    </li>
  )
}

function Remedy({ text }: { text: string }) {
  const { says, commands } = remedyParts(text)
  return (
    <div className="mt-2 space-y-2">
      {says !== '' && <p className="whitespace-pre-wrap text-sm [overflow-wrap:anywhere]">{says}</p>}
      {commands.map((command) => (
        <CopyableCode key={command} code={command} label="the command" />
      ))}
    </div>
  )
}

function summary(wrong: readonly Finding[]): string {
  const count = (severity: Finding['severity']) => wrong.filter((finding) => finding.severity === severity).length
  const errors = count('error')
  const warnings = count('warning')
  if (errors === 0 && warnings === 0) return 'Everything that is needed is there.'
  const parts = [
    errors > 0 && `${errors} ${errors === 1 ? 'thing keeps' : 'things keep'} agents from working`,
    warnings > 0 && `${warnings} ${warnings === 1 ? 'thing does' : 'things do'} not work fully`,
  ].filter(Boolean)
  return `${parts.join(', ')}.`
}
