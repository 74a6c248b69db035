import { ArrowUp, ListPlus, Square } from 'lucide-react'
import { memo, useEffect, useRef, useState } from 'react'
import { useConnection } from '../api/connection.ts'
import { useSession, useWorkspace } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { useShortcut } from '../keys/use-shortcut.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { toastError } from '../ui/toast.tsx'
import type { AgentCommandOffer } from './completion.ts'
import { readDraft, useDraft } from './drafts.ts'
import { promptContent } from './images.ts'
import { rememberModels, useKnownModels } from './known-models.ts'
import { Meters } from './meters.tsx'
import type { ModelOffer } from './offers.ts'
import { PromptInput, type PromptInputHandle } from './prompt-input.tsx'
import { Queue, useQueuedPrompts } from './queue.tsx'
import { isBusy, sendStateOf } from './send-state.ts'
import { SessionSettings } from './session-settings.tsx'

interface ComposerProps {
  workspaceId: string
  sessionId: string
  /** The agent's slash commands, as far as they are known. */
  commands: readonly AgentCommandOffer[]
  /** The agent's models, likewise. */
  models: readonly ModelOffer[]
}

/** Where the person speaks to an agent: the prompt, what waits, and how the session goes on. Events alone do not make it again. */
export const Composer = memo(function Composer({ workspaceId, sessionId, commands, models }: ComposerProps) {
  const workspace = useWorkspace(workspaceId)
  const session = useSession(sessionId)
  const draftName = `session.${sessionId}`
  const draft = useDraft(draftName)
  const prompts = useQueuedPrompts(sessionId, session?.queued ?? 0)
  const [editing, setEditing] = useState<string>()
  const input = useRef<PromptInputHandle>(null)
  const state = sendStateOf(workspace, session)
  const busy = session !== undefined && isBusy(session)
  const { send, sending } = useSend(sessionId, draftName)
  const interrupt = useCommand('sessions.interrupt')
  const empty = draft.text.trim() === '' && draft.images.length === 0
  const known = useKnownModels(session?.agent)
  useEffect(() => {
    if (session && models.length > 0) rememberModels(session.agent, models)
  }, [session, models])

  const submit = () => {
    if (state.can && !empty && !sending) void send().then(() => input.current?.focus())
  }
  const stop = () => void interrupt.run({ sessionId })
  const focus = () => input.current?.focus()
  useShortcut({ keys: 'i', alias: 'shift+i', label: 'Write to the agent', group: 'Session', run: focus })
  useShortcut({
    ...{ keys: 'escape', label: 'Interrupt the agent', group: 'Session' },
    ...{ when: busy, whileTyping: true, run: stop },
  })
  const lastQueued = prompts.at(-1)

  return (
    <section aria-label="Composer" className="mx-auto w-full max-w-4xl px-3 pb-3 sm:px-4">
      <Queue
        sessionId={sessionId}
        prompts={prompts}
        editing={editing}
        onEditing={(messageId) => {
          setEditing(messageId)
          if (messageId === undefined) focus()
        }}
        onLate={(text) =>
          draft.set({ text: [readDraft(draftName).text, text].filter((part) => part !== '').join('\n\n') })
        }
      />
      {state.reason !== undefined && <p className="mb-1.5 px-1 text-muted text-sm">{state.reason}</p>}
      <PromptInput
        ref={input}
        draftName={draftName}
        label="Prompt"
        placeholder={busy ? 'Queue a prompt for after this turn' : 'Ask for something, / for commands, @ for files'}
        workspaceId={workspaceId}
        commands={commands}
        enterSends
        busy={sending}
        onSubmit={submit}
        onUp={() => lastQueued && setEditing(lastQueued.messageId)}
      >
        {session && <SessionSettings session={session} models={models.length > 0 ? models : known} />}
        <span className="ml-auto flex items-center gap-1">
          {session && <Meters usage={session.usage} />}
          {busy && (
            <IconButton
              label="Interrupt"
              keys="escape"
              side="top"
              variant="secondary"
              disabled={interrupt.pending}
              onClick={stop}
            >
              <Square />
            </IconButton>
          )}
          <Button size="sm" variant="primary" disabled={!state.can || empty || sending} onClick={submit}>
            {state.label === 'Queue' ? <ListPlus aria-hidden /> : <ArrowUp aria-hidden />}
            {sending ? 'Sending…' : state.label}
            <Kbd keys="enter" className="text-inherit max-sm:hidden [&_kbd]:border-current/30 [&_kbd]:bg-transparent" />
          </Button>
        </span>
      </PromptInput>
      <SendingNote sending={sending} />
    </section>
  )
})

/** A prompt that cannot be sent now is not lost: it goes when the server is there again. */
function SendingNote({ sending }: { sending: boolean }) {
  const lost = useConnection(({ connection }) => connection.status === 'lost')
  if (!sending || !lost) return null
  return (
    <p role="status" className="mt-1 px-1 text-muted text-sm">
      The server does not answer. This is sent as soon as it does.
    </p>
  )
}

/** Sends the draft. It ends only when the server has it; sent again after a failure, it is still one prompt. */
function useSend(sessionId: string, draftName: string) {
  const prompt = useCommand('sessions.prompt')
  const attempt = useRef<{ key: string; content: string } | undefined>(undefined)
  const { clear } = useDraft(draftName)
  const send = async () => {
    const { text, images } = readDraft(draftName)
    const content = JSON.stringify([text, images.map(({ id }) => id)])
    if (attempt.current?.content !== content) attempt.current = { key: crypto.randomUUID(), content }
    try {
      await prompt.tryRun({ key: attempt.current.key, sessionId, content: promptContent(text, images) })
      attempt.current = undefined
      clear()
    } catch (error) {
      toastError(error)
    }
  }
  return { send, sending: prompt.pending }
}
