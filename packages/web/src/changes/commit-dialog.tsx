import type { GitStatus } from '@skein/protocol'
import { useState } from 'react'
import { useApi } from '../api/context.tsx'
import { useDraft } from '../comments/drafts.ts'
import { reportFailure } from '../comments/report-failure.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'
import { toast } from '../ui/toast.tsx'

interface CommitDialogProps {
  workspaceId: string
  branch: string
  git: GitStatus | undefined
  open: boolean
  onOpenChange(open: boolean): void
  onCommitted(): void
}

/** Asks for a message and commits everything, or what is staged. */
export function CommitDialog({ workspaceId, branch, git, open, onOpenChange, onCommitted }: CommitDialogProps) {
  const api = useApi()
  const [message, setMessage, forget] = useDraft(`commit.${workspaceId}`)
  const [stagedOnly, setStagedOnly] = useState(true)
  const [busy, setBusy] = useState(false)
  const someStaged = git !== undefined && git.staged > 0 && git.unstaged + git.untracked > 0
  const staged = someStaged && stagedOnly

  const commit = async () => {
    if (message.trim() === '' || busy) return
    setBusy(true)
    try {
      const key = crypto.randomUUID()
      const { commit } = await api.call('workspaces.commit', {
        key,
        workspaceId,
        message,
        ...(staged ? { staged } : {}),
      })
      if (commit === null)
        toast.info('Nothing to commit', { description: 'The work tree is as the last commit has it.' })
      else toast.success(`Committed ${commit.slice(0, 8)} on ${branch}`)
      forget()
      onOpenChange(false)
      onCommitted()
    } catch (error) {
      reportFailure('Not committed', error)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title="Commit" description={`On ${branch}, in this workspace. Nothing is pushed.`}>
        <DialogBody>
          <textarea
            className="field block w-full font-mono"
            rows={6}
            value={message}
            aria-label="Commit message"
            placeholder="Message"
            onChange={(event) => setMessage(event.target.value)}
            onKeyDown={(event) => {
              event.stopPropagation()
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void commit()
              if (event.key === 'Escape') onOpenChange(false)
            }}
          />
          {someStaged && (
            <fieldset className="mt-3 flex flex-col gap-1 text-sm">
              <legend className="sr-only">What to commit</legend>
              <label className="flex items-center gap-2">
                <input
                  type="radio"
                  name="what"
                  className="accent-accent"
                  checked={staged}
                  onChange={() => setStagedOnly(true)}
                />
                What is staged ({files(git.staged)})
              </label>
              <label className="flex items-center gap-2">
                <input
                  type="radio"
                  name="what"
                  className="accent-accent"
                  checked={!staged}
                  onChange={() => setStagedOnly(false)}
                />
                All changes, new files too
              </label>
            </fieldset>
          )}
        </DialogBody>
        <DialogFooter>
          <Button variant="ghost" onClick={() => onOpenChange(false)}>
            Cancel
          </Button>
          <Button variant="primary" disabled={message.trim() === '' || busy} onClick={() => void commit()}>
            {staged ? 'Commit staged' : 'Commit all'}
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}

function files(count: number): string {
  return count === 1 ? '1 file' : `${count} files`
}
