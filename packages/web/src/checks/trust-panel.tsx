import type { RepositoryScript, Workspace } from '@skein/protocol'
import { ShieldQuestion } from 'lucide-react'
import { useState } from 'react'
import { useProjects } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import { useCommand } from '../api/use-command.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast } from '../ui/toast.tsx'
import { visible } from './ansi.ts'

/** A workspace, or one that is to be made: of which project, and from which commit or branch. */
type TrustPlace = Pick<Workspace, 'projectId' | 'projectName' | 'base'>

/** Says that a project's scripts do not run yet, and lets a person read and trust them. Nothing where there is nothing to say. */
export function TrustPanel({ workspace, what }: { workspace: TrustPlace; what: 'checks' | 'services' | 'scripts' }) {
  const { projectId, projectName, base } = workspace
  const project = useProjects().find((one) => one.id === projectId)
  const [reading, setReading] = useState(false)
  // What counts is what the workspace began from, which need not be what the project's checkout is at now.
  const wanted = useApiQuery('projects.scripts', { projectId, ref: base }, { keep: true })
  if (!wanted.data || wanted.data.trusted || wanted.data.scripts.length === 0) return null
  const changed = project?.trust.state === 'changed'
  return (
    <aside
      aria-label="Trust"
      className="m-4 mb-0 flex flex-wrap items-center gap-x-4 gap-y-2 rounded-md border border-border bg-surface px-4 py-3"
    >
      <ShieldQuestion aria-hidden className="size-5 shrink-0 text-warning" />
      <p className="min-w-0 flex-1 basis-64 text-sm">
        <strong className="font-medium">
          {changed ? `What ${projectName} would run has changed.` : `You have not trusted ${projectName} yet.`}
        </strong>{' '}
        <span className="text-muted">Its {what} do not run until you have read and trusted them.</span>
      </p>
      <Button size="sm" variant="primary" onClick={() => setReading(true)}>
        Read what wants to run
      </Button>
      <Dialog open={reading} onOpenChange={setReading}>
        {reading && <TrustDialog workspace={workspace} onClose={() => setReading(false)} />}
      </Dialog>
    </aside>
  )
}

function TrustDialog({ workspace, onClose }: { workspace: TrustPlace; onClose: () => void }) {
  const { projectId, projectName, base } = workspace
  const trust = useCommand('projects.trust')
  const scripts = useApiQuery('projects.scripts', { projectId, ref: base })
  const accept = async () => {
    // Exactly what was shown: had it changed meanwhile, the server would not take this hash for the new one.
    if (scripts.data && (await trust.run({ projectId, hash: scripts.data.hash }))) {
      toast.success(`${projectName} is trusted`)
      onClose()
    }
  }
  return (
    <DialogContent
      title={`What ${projectName} wants to run on your machine`}
      description="Trust counts for exactly these texts. When one of them changes, you are asked again."
      className="sm:max-w-3xl"
    >
      <DialogBody className="space-y-4">
        {scripts.isPending && <Skeleton className="h-32" />}
        {scripts.isError && <ErrorState error={scripts.error} retry={() => void scripts.refetch()} />}
        {scripts.data?.scripts.map((script) => (
          <Script key={`${script.path} ${script.kind} ${script.summary}`} script={script} />
        ))}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Not now</Button>
        <Button variant="primary" onClick={() => void accept()} disabled={!scripts.data || trust.pending}>
          Trust and let it run
        </Button>
      </DialogFooter>
    </DialogContent>
  )
}

const KINDS: Record<RepositoryScript['kind'], string> = {
  setup: 'when a workspace is made',
  teardown: 'when a workspace is removed',
  check: 'as a check',
  service: 'as a service',
  agent_settings: 'settings of the agent',
  agent_hooks: 'hooks of the agent',
  mcp_servers: 'MCP servers of the agent',
  flight: 'a script of Flight',
}

function Script({ script }: { script: RepositoryScript }) {
  return (
    <section aria-label={script.path} className="overflow-hidden rounded-md border border-border">
      <header className="flex flex-wrap items-center gap-2 border-border border-b bg-surface px-3 py-2">
        <span className="min-w-0 break-all font-medium font-mono text-xs">{visible(script.path)}</span>
        <Badge>{KINDS[script.kind]}</Badge>
        <span className="basis-full text-muted text-xs">{visible(script.summary)}</span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} className="max-h-80 overflow-auto whitespace-pre-wrap break-words p-3 font-mono text-xs">
        {script.content.split('\n').map(visible).join('\n')}
      </pre>
    </section>
  )
}
