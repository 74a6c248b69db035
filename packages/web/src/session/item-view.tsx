import { memo } from 'react'
import { Markdown } from '../markdown/markdown.tsx'
import { VisibleText } from '../markdown/visible-text.tsx'
import { AskRow } from './ask-row.tsx'
import { ContentImage } from './content-image.tsx'
import { DelegateRow } from './delegate-row.tsx'
import type { Item, MessageItem, PromptItem, ThoughtItem } from './items.ts'
import { CompactionMark, NoticeRow, ProcessRow, RawRow, WakeMark } from './mark-rows.tsx'
import { PlanRow, TasksRow } from './plan-rows.tsx'
import { RowActions } from './row-actions.tsx'
import { useSessionContext } from './session-context.ts'
import { ToolRow } from './tool-row.tsx'
import { TurnEnd } from './turn-end.tsx'
import { useUnfolded } from './unfolded.ts'

/** One item of a transcript. `nested`: within a sub-agent’s. */
export const ItemView = memo(function ItemView({ item, nested = false }: { item: Item; nested?: boolean }) {
  switch (item.type) {
    case 'prompt':
      return <Prompt item={item} />
    case 'message':
      return <Message item={item} nested={nested} />
    case 'thought':
      return <Thought item={item} />
    case 'tool':
      return <ToolRow item={item} />
    case 'agent':
      return <DelegateRow item={item} />
    case 'ask':
      return <AskRow item={item} />
    case 'tasks':
      return <TasksRow item={item} />
    case 'plan':
      return <PlanRow item={item} />
    case 'notice':
      return <NoticeRow item={item} />
    case 'compaction':
      return <CompactionMark item={item} />
    case 'process':
      return <ProcessRow item={item} />
    case 'wake':
      return <WakeMark item={item} />
    case 'turn_end':
      return <TurnEnd item={item} />
    case 'raw':
      return <RawRow item={item} />
  }
})

function Prompt({ item }: { item: PromptItem }) {
  const { content, origin, seq } = item
  const text = content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
  return (
    <div className="group/item relative">
      <h2 className="sr-only">{origin === 'user' ? 'You' : ORIGINS[origin]}</h2>
      <RowActions seq={seq} text={text} />
      <div className="rounded-lg border bg-surface px-3.5 py-2.5">
        {origin !== 'user' && <p className="mb-1 font-medium text-muted text-xs">{ORIGINS[origin]}</p>}
        <p className="whitespace-pre-wrap break-words">
          <VisibleText>{text}</VisibleText>
        </p>
        {content.some((block) => block.type !== 'text') && (
          <div className="mt-2 flex flex-wrap gap-2">
            {content.map((block, index) =>
              block.type === 'image' ? (
                <ContentImage key={block.blob ?? index} image={block} />
              ) : block.type === 'resource_link' ? (
                <span key={block.uri} className="rounded-sm bg-hover px-1.5 font-mono text-xs leading-5">
                  {block.name ?? block.uri}
                </span>
              ) : null,
            )}
          </div>
        )}
      </div>
    </div>
  )
}

const ORIGINS: Record<PromptItem['origin'], string> = {
  user: 'You',
  task: 'A background task',
  schedule: 'A schedule',
  peer: 'Another agent',
  resume: 'Skein, after a restart',
  command: 'A command',
}

function Message({ item, nested }: { item: MessageItem; nested: boolean }) {
  const { text, content, seq, streaming, aborted } = item
  return (
    <div className="group/item relative px-1.5">
      {!nested && <h2 className="sr-only">The agent</h2>}
      {!streaming && <RowActions seq={seq} text={text} />}
      <Markdown text={text} className={nested ? 'text-sm' : ''} />
      {content.map((block, index) =>
        block.type === 'image' ? <ContentImage key={block.blob ?? index} image={block} /> : null,
      )}
      {aborted && <p className="mt-1 text-muted text-sm">Interrupted here.</p>}
    </div>
  )
}

function Thought({ item }: { item: ThoughtItem }) {
  const { sessionId } = useSessionContext()
  const [open, toggle] = useUnfolded(`${sessionId} ${item.key}`)
  const first =
    item.text
      .trim()
      .split('\n')[0]
      ?.replace(/[*_`#]/g, '') ?? ''
  return (
    <div className="px-1.5">
      <button
        type="button"
        aria-expanded={open}
        onClick={toggle}
        className="flex min-h-7 w-full items-center gap-2 rounded-md text-left text-muted text-sm italic hover:text-foreground"
      >
        <span className="shrink-0">{item.streaming ? 'Thinks' : 'Thought'}</span>
        {!open && <span className="min-w-0 truncate opacity-80">{first}</span>}
      </button>
      {open && <Markdown text={item.text} className="border-l pl-3.5 text-muted text-sm" />}
    </div>
  )
}
