import type { StatusReport } from '@skein/protocol'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { TimeSince } from '../ui/time-since.tsx'
import { STATUSES, StatusIcon } from './status.tsx'

/** Why a workspace has the status that it has, with all that speaks for it. */
export function StatusEvidence({ report }: { report: StatusReport }) {
  return (
    <div>
      <p className="flex items-center gap-2 font-medium">
        <StatusIcon status={report.status} />
        {STATUSES[report.status].name}
      </p>
      <p className="mt-1 text-sm">{visibleCharacters(report.because)}</p>
      {report.evidence.length > 0 && (
        <ul className="mt-2 space-y-1 border-t pt-2 text-muted text-sm">
          {report.evidence.map(({ what, at, ref }) => (
            <li key={`${what} ${ref ?? ''}`} className="flex gap-2">
              <span className="min-w-0 flex-1 break-words">{visibleCharacters(what)}</span>
              {at !== undefined && <TimeSince at={at} className="nums shrink-0" />}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
