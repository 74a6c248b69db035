import { CornerLeftUp, Folder, FolderGit2 } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { useApiQuery } from '../api/query.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { Button } from '../ui/button.tsx'
import { cn } from '../ui/cn.ts'
import { Input } from '../ui/input.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { Failure } from './clone-form.tsx'

interface FolderPickerProps {
  busy: boolean
  onPick(path: string): void
}

/** A folder of this computer: typed, or found by going through folders with pointer or arrow keys. */
export function FolderPicker({ busy, onPick }: FolderPickerProps) {
  const ids = { path: useId(), list: useId() }
  const [path, setPath] = useState<string>()
  const [typed, setTyped] = useState<string>()
  const [active, setActive] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const { data, error, isFetching } = useApiQuery('folders.list', path === undefined ? {} : { path }, {
    keep: true,
    staleTime: 2_000,
  })
  const rows = data
    ? [
        ...(data.parent === null ? [] : [{ name: '..', path: data.parent, repository: false, up: true }]),
        ...data.folders.map((folder) => ({ ...folder, up: false })),
      ]
    : []
  const at = Math.min(active, rows.length - 1)
  const row = rows[at]
  const go = (to: string) => {
    setPath(to)
    setTyped(undefined)
    setActive(0)
  }
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: 'nearest' })
  }, [at])

  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key]
    if (to !== undefined) setActive(Math.max(0, Math.min(rows.length - 1, to)))
    else if (event.key === 'Enter' && row) row.repository ? onPick(row.path) : go(row.path)
    else if (event.key === 'ArrowRight' && row && !row.up) go(row.path)
    else if ((event.key === 'ArrowLeft' || event.key === 'Backspace') && data?.parent) go(data.parent)
    else if (event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const found = rows.findIndex(({ name }, index) => index > at && startsWith(name, event.key))
      const first = rows.findIndex(({ name }) => startsWith(name, event.key))
      if (found === -1 && first === -1) return
      setActive(found === -1 ? first : found)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div className="flex flex-col gap-2">
      <form
        className="flex gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          if (typed !== undefined && typed.trim() !== '' && typed !== data?.path) go(typed.trim())
          else list.current?.focus()
        }}
      >
        <label htmlFor={ids.path} className="sr-only">
          Path of the folder
        </label>
        <Input
          id={ids.path}
          value={typed ?? data?.path ?? ''}
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-sm"
          onChange={(event) => setTyped(event.target.value)}
        />
        <Button type="submit">Go</Button>
      </form>
      {error !== null && <Failure error={error} />}
      {!data && error === null && <SkeletonLines lines={6} className="py-2" />}
      {data && (
        <div
          ref={list}
          id={ids.list}
          role="listbox"
          tabIndex={0}
          aria-label={`Folders in ${data.path}`}
          aria-busy={isFetching}
          {...(row ? { 'aria-activedescendant': `${ids.list}-${at}` } : {})}
          onKeyDown={onKeyDown}
          className="h-64 overflow-y-auto rounded-md border bg-surface p-1"
        >
          {rows.map(({ name, path, repository, up }, index) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays on the list, which names the active one.
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the list's.
            <div
              key={path}
              id={`${ids.list}-${index}`}
              role="option"
              aria-selected={index === at}
              onClick={() => (repository ? setActive(index) : go(path))}
              onDoubleClick={() => repository && onPick(path)}
              className={cn(
                'flex cursor-default items-center gap-2 rounded-md px-2 py-1 max-sm:py-2',
                index === at ? 'bg-selected' : 'hover:bg-hover',
              )}
            >
              <RowIcon up={up} repository={repository} />
              <span className="min-w-0 flex-1 truncate">{up ? 'The folder above' : visibleCharacters(name)}</span>
              {repository && <span className="shrink-0 text-muted text-xs">repository</span>}
            </div>
          ))}
          {data.folders.length === 0 && <p className="px-2 py-1 text-muted text-sm">There are no folders in it.</p>}
        </div>
      )}
      {data && <Pick folder={data} row={row?.repository ? row : undefined} busy={busy} onPick={onPick} />}
    </div>
  )
}

interface PickProps {
  folder: { path: string; repository: boolean }
  row: { name: string; path: string } | undefined
  busy: boolean
  onPick(path: string): void
}

/** The repository that is marked, or the folder itself where it is one. */
function Pick({ folder, row, busy, onPick }: PickProps) {
  const target =
    row ?? (folder.repository ? { name: folder.path.split('/').at(-1) ?? folder.path, path: folder.path } : undefined)
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-3">
      <Button variant="primary" disabled={target === undefined || busy} onClick={() => target && onPick(target.path)}>
        {busy ? 'Opening…' : target ? `Open ${visibleCharacters(target.name)}` : 'Open'}
      </Button>
      {target === undefined && <p className="text-muted text-sm">Choose a folder that is a git repository.</p>}
    </div>
  )
}

function RowIcon({ up, repository }: { up: boolean; repository: boolean }) {
  const Icon = up ? CornerLeftUp : repository ? FolderGit2 : Folder
  return <Icon aria-hidden className={cn('size-4 shrink-0', repository ? 'text-accent' : 'text-muted')} />
}

const startsWith = (name: string, key: string) => name !== '..' && name.toLowerCase().startsWith(key.toLowerCase())
