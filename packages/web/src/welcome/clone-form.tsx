import type { Project } from '@skein/protocol'
import { useId, useState } from 'react'
import { describeError } from '../api/describe-error.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { Button } from '../ui/button.tsx'
import { Input } from '../ui/input.tsx'
import { useClone } from './use-clone.ts'

/** A repository from elsewhere: its URL, how far the clone is, and the way out. */
export function CloneForm({ onProject }: { onProject(project: Project): void }) {
  const ids = { url: useId(), path: useId(), progress: useId() }
  const { clone, progress, start, cancel } = useClone()
  const [url, setUrl] = useState(clone?.url ?? '')
  const [path, setPath] = useState('')
  const running = clone?.state === 'running'
  const submit = async () => {
    if (url.trim() === '' || running) return
    const project = await start(url.trim(), path.trim())
    if (project) onProject(project)
  }
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <div className="flex flex-col gap-1">
        <label htmlFor={ids.url} className="font-medium text-sm">
          URL
        </label>
        <Input
          id={ids.url}
          value={url}
          disabled={running}
          autoComplete="off"
          spellCheck={false}
          placeholder="https://github.com/owner/repository or git@host:repository"
          className="font-mono text-sm"
          onChange={(event) => setUrl(event.target.value)}
        />
      </div>
      <div className="flex flex-col gap-1">
        <label htmlFor={ids.path} className="font-medium text-sm">
          Into the folder <span className="font-normal text-muted">(optional)</span>
        </label>
        <Input
          id={ids.path}
          value={path}
          disabled={running}
          autoComplete="off"
          spellCheck={false}
          placeholder="A new folder in your home, named like the repository"
          className="font-mono text-sm"
          onChange={(event) => setPath(event.target.value)}
        />
      </div>
      {clone?.error !== undefined && <Failure error={clone.error} />}
      {running ? (
        <div className="flex flex-col gap-2">
          <div
            role="progressbar"
            aria-labelledby={ids.progress}
            aria-valuemin={0}
            aria-valuemax={100}
            {...(progress?.fraction === undefined ? {} : { 'aria-valuenow': Math.round(progress.fraction * 100) })}
            className="h-1.5 overflow-hidden rounded-full bg-hover"
          >
            <div
              className={
                progress?.fraction === undefined ? 'pulse h-full bg-accent' : 'h-full bg-accent transition-[width]'
              }
              style={{ width: progress?.fraction === undefined ? '100%' : `${progress.fraction * 100}%` }}
            />
          </div>
          <div className="flex items-center gap-3">
            <p id={ids.progress} className="nums min-w-0 flex-1 truncate text-muted text-sm">
              {clone.cancelling ? 'Ending it…' : visibleCharacters(progress?.text ?? 'Cloning…')}
            </p>
            <Button size="sm" disabled={clone.cancelling} onClick={() => void cancel()}>
              Cancel
            </Button>
          </div>
        </div>
      ) : (
        <Button type="submit" variant="primary" className="self-start" disabled={url.trim() === ''}>
          Clone
        </Button>
      )}
    </form>
  )
}

/** Why something did not work, where it was tried. */
export function Failure({ error }: { error: unknown }) {
  const { message, next } = describeError(error)
  return (
    <div role="alert" className="rounded-md bg-danger-surface px-3 py-2 text-sm [overflow-wrap:anywhere]">
      <p className="whitespace-pre-wrap text-danger">{visibleCharacters(message)}</p>
      {next !== undefined && <p className="mt-0.5">{next}</p>}
    </div>
  )
}
