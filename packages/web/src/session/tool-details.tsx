import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Markdown } from '../markdown/markdown.tsx'
import { VisibleText } from '../markdown/visible-text.tsx'
import { ContentImage } from './content-image.tsx'
import { DiffLines } from './diff-lines.tsx'
import { ItemView } from './item-view.tsx'
import type { ToolItem } from './items.ts'
import { Output } from './output.tsx'
import { useSessionContext } from './session-context.ts'
import { hunksOf } from './tool-summary.ts'
import { outputOf } from './words.ts'

const CHILDREN = 40

/** All of a tool call: what it was given, what it changed or printed, and what its sub-agent did. */
export function ToolDetails({ item, running }: { item: ToolItem; running: boolean }) {
  const { workspaceId } = useSessionContext()
  const { content, denied, agent, children, kind, typing } = item
  const diffs = content.filter((part) => part.type === 'diff')
  const images = content.flatMap((part) =>
    part.type === 'content' && part.content.type === 'image' ? [part.content] : [],
  )
  const output = outputOf(item)
  const input = inputOf(item)
  return (
    <div className="mt-1 mb-2 ml-2.5 flex flex-col gap-2 border-l pl-3.5">
      {denied?.reason !== undefined && <p className="text-danger text-sm">{denied.reason}</p>}
      {input !== '' && diffs.length === 0 && (
        <pre className="max-h-64 overflow-auto whitespace-pre-wrap break-words rounded-md bg-hover px-3 py-2 font-mono text-xs leading-5">
          <VisibleText>{input}</VisibleText>
        </pre>
      )}
      {typing !== undefined && (
        <pre className="max-h-64 overflow-auto whitespace-pre-wrap break-all px-1 font-mono text-muted text-xs">
          <VisibleText>{typing}</VisibleText>
        </pre>
      )}
      {diffs.map((diff) => (
        <div key={diff.path}>
          <Link
            to="/w/$workspaceId/changes"
            params={{ workspaceId }}
            className="mb-1 inline-block max-w-full truncate rounded-sm font-mono text-muted text-xs hover:text-foreground"
          >
            <VisibleText>{diff.path}</VisibleText>
          </Link>
          <DiffLines hunks={hunksOf(diff)} />
        </div>
      ))}
      {images.map((image) => (
        <ContentImage key={image.blob ?? image.name ?? ''} image={image} />
      ))}
      {children.length > 0 && <Children item={item} />}
      {output !== '' &&
        diffs.length === 0 &&
        (kind === 'agent' ? (
          <Markdown text={output} className="text-sm" />
        ) : (
          <Output text={output} running={running} />
        ))}
      {agent?.summary !== undefined && agent.summary !== output && (
        <p className="text-muted text-sm">{agent.summary}</p>
      )}
      {output === '' && diffs.length === 0 && children.length === 0 && !running && typing === undefined && (
        <p className="text-muted text-sm">It printed nothing.</p>
      )}
    </div>
  )
}

function Children({ item }: { item: ToolItem }) {
  const [all, setAll] = useState(false)
  const { children } = item
  const hidden = all ? 0 : Math.max(0, children.length - CHILDREN)
  return (
    <section aria-label={`What ${item.agent?.title ?? 'the sub-agent'} did`} className="flex flex-col gap-1.5">
      {hidden > 0 && (
        <button
          type="button"
          className="self-start rounded-md px-1.5 py-1 text-muted text-sm hover:bg-hover"
          onClick={() => setAll(true)}
        >
          Show {hidden} steps before
        </button>
      )}
      {children.slice(hidden).map((child) => (
        <ItemView key={child.key} item={child} nested />
      ))}
    </section>
  )
}

/** What a tool was given, as a person reads it. */
function inputOf({ rawInput, kind }: ToolItem): string {
  if (rawInput === undefined || rawInput === null) return ''
  if (typeof rawInput === 'string') return rawInput
  if (typeof rawInput === 'object') {
    const { command, prompt } = rawInput as { command?: unknown; prompt?: unknown }
    if (kind === 'execute' && typeof command === 'string') return command
    if (kind === 'agent' && typeof prompt === 'string') return prompt
    if (Object.keys(rawInput).length === 0) return ''
  }
  return JSON.stringify(rawInput, null, 2)
}
