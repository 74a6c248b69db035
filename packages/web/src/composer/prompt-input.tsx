import { ImagePlus } from 'lucide-react'
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from 'react'
import { cn } from '../ui/cn.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { Textarea } from '../ui/textarea.tsx'
import { toast } from '../ui/toast.tsx'
import { type AgentCommandOffer, complete, type Trigger } from './completion.ts'
import { CompletionList } from './completion-list.tsx'
import { readDraft, useDraft } from './drafts.ts'
import { ImageStrip } from './image-strip.tsx'
import { filesIn, type PromptImage, readImage, refusalOf } from './images.ts'
import { useCompletion } from './use-completion.ts'

export interface PromptInputHandle {
  focus(): void
}

interface PromptInputProps {
  ref?: Ref<PromptInputHandle>
  draftName: string
  label: string
  placeholder?: string
  /** Whose files can be named with `@`. */
  workspaceId?: string
  commands?: readonly AgentCommandOffer[]
  /** Enter sends and Shift+Enter begins a line; otherwise only Mod+Enter sends. */
  enterSends?: boolean
  /** It is being sent: it stays as it is until that is known to have worked. */
  busy?: boolean
  rows?: number
  /** It gets the focus as it appears; not on a phone, whose keyboard would cover the rest. */
  focusFirst?: boolean
  className?: string
  onSubmit(): void
  /** Up was pressed where there is no text. */
  onUp?(): void
  /** Stands below the text, beside the button for images. */
  children?: ReactNode
}

const NONE: readonly AgentCommandOffer[] = []

/** Where a prompt is written: text that grows, completion of commands and files, images by paste, drop or choice. */
export function PromptInput({ ref, draftName, label, busy = false, enterSends = false, ...props }: PromptInputProps) {
  const draft = useDraft(draftName)
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const listId = useId()
  const [caret, setCaret] = useState(0)
  const [over, setOver] = useState(false)
  useImperativeHandle(ref, () => ({ focus: () => area.current?.focus() }))
  const { focusFirst = false } = props
  useEffect(() => {
    if (focusFirst && !matchMedia('(pointer: coarse)').matches) area.current?.focus()
  }, [focusFirst])

  const onPick = (trigger: Trigger, word: string) => {
    const done = complete(draft.text, trigger, word)
    draft.set({ text: done.text })
    setCaret(done.caret)
    // After the text is there.
    requestAnimationFrame(() => area.current?.setSelectionRange(done.caret, done.caret))
  }
  const completion = useCompletion({
    ...{ text: draft.text, caret, commands: props.commands ?? NONE, workspaceId: props.workspaceId, onPick },
  })

  const add = async (files: readonly File[]) => {
    for (const file of files) {
      const refusal = refusalOf(file, readDraft(draftName).images.length)
      if (refusal) {
        toast.error(refusal.message, { id: refusal.message, description: refusal.next, duration: 10_000 })
        continue
      }
      const image = await readImage(file).catch((): undefined => undefined)
      if (image) draft.set({ images: [...readDraft(draftName).images, image] })
      else toast.error(`${file.name} could not be read.`)
    }
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (completion.onKey(event) || event.nativeEvent.isComposing) return
    if (event.key === 'ArrowUp' && draft.text === '' && props.onUp) {
      event.preventDefault()
      props.onUp()
    }
    if (event.key !== 'Enter' || event.shiftKey || event.altKey) return
    const mod = event.metaKey || event.ctrlKey
    // On a touch keyboard Enter is the only way to begin a line; the button sends.
    if (!mod && (!enterSends || matchMedia('(pointer: coarse)').matches)) return
    event.preventDefault()
    props.onSubmit()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files can also be chosen with the button.
    <div
      onDragOver={(event) => {
        if (![...event.dataTransfer.types].includes('Files')) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={(event) => event.currentTarget.contains(event.relatedTarget as Node | null) || setOver(false)}
      onDrop={(event) => {
        setOver(false)
        const files = filesIn(event.dataTransfer)
        if (files.length === 0) return
        event.preventDefault()
        void add(files)
      }}
      className={cn(
        'relative min-w-0 rounded-lg border border-strong bg-surface focus-within:border-(--ring)',
        over && 'border-accent border-dashed bg-accent-surface',
        props.className,
      )}
    >
      {completion.open && completion.trigger && (
        <CompletionList
          id={listId}
          label={completion.trigger.kind === 'file' ? 'Files' : 'Commands'}
          sign={completion.trigger.kind === 'file' ? '@' : '/'}
          items={completion.items}
          active={completion.active}
          empty={completion.empty}
          onActive={completion.setActive}
          onPick={completion.pick}
        />
      )}
      <ImageStrip
        images={draft.images}
        disabled={busy}
        onRemove={(id) => draft.set({ images: without(draft.images, id) })}
      />
      <Textarea
        ref={area}
        grow
        rows={props.rows ?? 1}
        aria-label={label}
        aria-autocomplete="list"
        {...(completion.open
          ? { 'aria-controls': listId, 'aria-activedescendant': `${listId}-${completion.active}` }
          : {})}
        placeholder={props.placeholder}
        readOnly={busy}
        aria-busy={busy}
        value={draft.text}
        onChange={(event) => {
          draft.set({ text: event.target.value })
          setCaret(event.target.selectionStart)
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const files = filesIn(event.clipboardData)
          // Programs that copy text as a picture too: the text is meant.
          if (files.length === 0 || event.clipboardData.getData('text/plain') !== '') return
          event.preventDefault()
          void add(files)
        }}
        className="max-h-[40dvh] border-0 bg-transparent px-3 py-2.5 focus-visible:outline-none read-only:opacity-60"
      />
      <div className="flex flex-wrap items-center gap-1 px-1.5 pb-1.5">
        <input
          ref={picker}
          type="file"
          accept="image/png,image/jpeg,image/gif,image/webp"
          multiple
          hidden
          onChange={(event) => {
            void add([...(event.target.files ?? [])])
            event.target.value = ''
          }}
        />
        <IconButton label="Add images" side="top" disabled={busy} onClick={() => picker.current?.click()}>
          <ImagePlus />
        </IconButton>
        {props.children}
      </div>
    </div>
  )
}

const without = (images: readonly PromptImage[], id: string) => images.filter((image) => image.id !== id)
