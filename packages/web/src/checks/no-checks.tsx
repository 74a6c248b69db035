import { ListChecks } from 'lucide-react'
import { EmptyState } from '../ui/empty-state.tsx'
import { CopyableCode } from './copyable-code.tsx'

const EXAMPLE = `{
  "checks": {
    "test": { "run": "npm test", "afterTurn": true, "fixRounds": 3 },
    "lint": "npm run lint"
  }
}`

/** How a project gets checks. */
export function NoChecks() {
  return (
    <div className="pb-8">
      <EmptyState icon={ListChecks} title="No checks yet" className="pb-4">
        A check is a command that says whether the work is right: tests, lint, a build. Put them into{' '}
        <code className="font-mono text-sm">skein.json</code> in the root of the repository, and commit it.
      </EmptyState>
      <CopyableCode code={EXAMPLE} label="the example" className="mx-4 max-w-xl sm:mx-auto" />
    </div>
  )
}
