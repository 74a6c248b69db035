import { useState } from 'react'
import { useCommand } from '../api/use-command.ts'
import { useCreateWorkspace } from '../new/create-workspace.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Failure } from './clone-form.tsx'

/** What is asked in the demo project, which has a plain bug, a missing option, and tests that fail for both. */
const DEMO_PROMPT =
  'The periods that orbit prints are wrong, and I would like a --speed option. Plan it, then make the tests pass.'

/** The way in for somebody who only wants to see: one click, until the first plan. */
export function DemoCard() {
  const demo = useCommand('projects.demo')
  const { create, pending } = useCreateWorkspace()
  const [error, setError] = useState<unknown>()
  const busy = demo.pending || pending
  const open = async () => {
    setError(undefined)
    try {
      const { id } = await demo.tryRun({})
      await create({
        projectId: id,
        session: { permissionMode: 'plan' },
        prompt: [{ type: 'text', text: DEMO_PROMPT }],
      })
    } catch (reason) {
      setError(reason)
    }
  }
  return (
    <section aria-labelledby="demo" className="rounded-xl border bg-surface p-4 sm:p-5">
      <div className="flex flex-wrap items-center gap-2">
        <h2 id="demo" className="font-semibold text-lg">
          See it first
        </h2>
        <Badge tone="warning">Scripted model, no credentials</Badge>
      </div>
      <p className="mt-1 text-muted">
        A small project with a bug. The agent is the real one, its model follows a script: it plans, you comment, it
        changes the code, a check says whether it is right. Nothing leaves this computer.
      </p>
      {error !== undefined && (
        <div className="mt-3">
          <Failure error={error} />
        </div>
      )}
      <Button variant="primary" className="mt-3" disabled={busy} onClick={() => void open()}>
        {busy ? 'Opening the demo…' : 'Open the demo project'}
      </Button>
    </section>
  )
}
