import type { FileChange } from '@skein/protocol'
import { Ellipsis } from 'lucide-react'
import { visibleCharacters } from '../comments/visible-characters.ts'
import { useEditors } from '../settings/use-editors.ts'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '../ui/dropdown-menu.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { copyText } from './copy-text.ts'
import { editorLink } from './editor-links.ts'
import { useReview } from './review.ts'

/** What can be done with one changed file. */
export function FileMenu({ change }: { change: FileChange }) {
  const { workspace, present, stage, discard } = useReview()
  const { path, status } = change
  const paths = change.oldPath !== undefined && status === 'renamed' ? [change.oldPath, path] : [path]
  const links = useEditors().flatMap(({ id, name }) => {
    const url = editorLink(id, { machine: workspace.machine, root: workspace.path, path })
    return url === undefined || status === 'deleted' ? [] : [{ name, url }]
  })
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <IconButton label={`Actions for ${visibleCharacters(path)}`}>
          <Ellipsis aria-hidden />
        </IconButton>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end">
        {links.map(({ name, url }) => (
          <DropdownMenuItem key={name} asChild>
            <a href={url}>Open in {name}</a>
          </DropdownMenuItem>
        ))}
        <DropdownMenuItem onSelect={() => copyText(path, 'Path')}>Copy path</DropdownMenuItem>
        <DropdownMenuItem onSelect={() => copyText(`${workspace.path}/${path}`, 'Path')}>
          Copy absolute path
        </DropdownMenuItem>
        {present && (
          <>
            <DropdownMenuSeparator />
            <DropdownMenuItem onSelect={() => stage({ paths }, false)}>Stage file</DropdownMenuItem>
            <DropdownMenuItem onSelect={() => stage({ paths }, true)}>Unstage file</DropdownMenuItem>
            <DropdownMenuSeparator />
            <DropdownMenuItem danger onSelect={() => discard({ paths })}>
              Discard changes…
            </DropdownMenuItem>
          </>
        )}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
