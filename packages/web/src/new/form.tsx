import type { PermissionMode, Project } from '@skein/protocol'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useId, useState } from 'react'
import { useProjects, useWorkspaces } from '../api/live.ts'
import { useApiQuery } from '../api/query.ts'
import { TrustPanel } from '../checks/trust-panel.tsx'
import { readDraft, useDraft } from '../composer/drafts.ts'
import { promptContent } from '../composer/images.ts'
import { useKnownModels } from '../composer/known-models.ts'
import { PromptInput } from '../composer/prompt-input.tsx'
import { effortName, useAgents } from '../composer/session-settings.tsx'
import { PlaceChoice } from '../machines/place-choice.tsx'
import { Button } from '../ui/button.tsx'
import { Input } from '../ui/input.tsx'
import { Kbd } from '../ui/kbd.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'
import { toastError } from '../ui/toast.tsx'
import { useCreateWorkspace } from './create-workspace.ts'

interface NewWorkspaceFormProps {
  projectId?: string | undefined
  /** The machine that is chosen at first. */
  on?: string | undefined
}

/** What a workspace is made from: the prompt first, the rest has a good answer already. */
export function NewWorkspaceForm({ projectId, on }: NewWorkspaceFormProps) {
  const projects = useProjects()
  const [chosen, setChosen] = useState<string>()
  const last = useLastProject()
  const project =
    [chosen, projectId, last].map((id) => projects.find((each) => each.id === id)).find(Boolean) ?? projects[0]
  if (!project) {
    return (
      <p className="text-muted">
        There is no project yet.{' '}
        <Link to="/welcome" className="text-accent underline">
          Add one
        </Link>
      </p>
    )
  }
  return <Form key={project.id} {...{ project, projects, on }} onProject={setChosen} />
}

interface FormProps {
  project: Project
  projects: readonly Project[]
  on: string | undefined
  onProject(id: string): void
}

const DRAFT = 'new'
/** The value of a choice that is left to the agent. */
const OWN = 'own'

function Form({ project, projects, on: asked, onProject }: FormProps) {
  const ids = { branches: useId(), models: useId() }
  const agents = useAgents()
  const draft = useDraft(DRAFT)
  const [name, setName] = useState('')
  const [base, setBase] = useState('')
  const [on, setOn] = useState(asked ?? 'local')
  const [agentKind, setAgentKind] = useState<string>()
  const agent = agents?.find(({ kind }) => kind === agentKind) ?? agents?.[0]
  const [mode, setMode] = useState<PermissionMode>('sandboxed')
  const [model, setModel] = useState('')
  const [effort, setEffort] = useState(OWN)
  const models = useKnownModels(agent?.kind)
  const branches = useApiQuery('projects.branches', { projectId: project.id }, { staleTime: 0 })
  const { create, pending } = useCreateWorkspace()
  const modes = agent?.capabilities.modes ?? []
  const ref = base.trim() || branches.data?.base

  const submit = async () => {
    if (pending || on.endsWith(':')) return
    const { text, images } = readDraft(DRAFT)
    const prompt = promptContent(text, images)
    try {
      await create({
        projectId: project.id,
        ...(name.trim() === '' ? {} : { name: name.trim() }),
        ...(base.trim() === '' ? {} : { base: base.trim() }),
        ...(on === 'local' ? {} : { on }),
        ...(prompt.length === 0 ? {} : { prompt }),
        session: {
          permissionMode: mode,
          ...(agent ? { agent: agent.kind } : {}),
          ...(model.trim() === '' ? {} : { model: model.trim() }),
          ...(effort === OWN ? {} : { effort }),
        },
      })
      draft.clear()
    } catch (error) {
      toastError(error)
    }
  }

  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
      // Before a list would open on it. The prompt has keys of its own.
      onKeyDownCapture={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
        if (event.target instanceof HTMLTextAreaElement) return
        event.preventDefault()
        event.stopPropagation()
        void submit()
      }}
    >
      <PromptInput
        draftName={DRAFT}
        label="What shall be done"
        placeholder="What shall be done? The agent begins with it as soon as the workspace is there."
        rows={5}
        focusFirst
        busy={pending}
        onSubmit={() => void submit()}
      />
      <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
        <Field label="Project">
          {(id) => (
            <Choice
              id={id}
              value={project.id}
              options={projects.map((each) => ({ id: each.id, name: each.name, detail: each.path }))}
              onChoose={onProject}
            />
          )}
        </Field>
        <Field
          label="Begin from"
          note={branches.isError ? 'The branches could not be read; a name will do.' : undefined}
        >
          {(id) => (
            <>
              <Input
                id={id}
                list={ids.branches}
                value={base}
                placeholder={branches.data?.base ?? 'The usual branch'}
                className="font-mono text-sm"
                onChange={(event) => setBase(event.target.value)}
              />
              <datalist id={ids.branches}>
                {branches.data?.branches.map((branch) => (
                  <option key={branch} value={branch} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <Field label="Name" note="The branch is named after it.">
          {(id) => (
            <Input
              id={id}
              value={name}
              maxLength={100}
              placeholder="One is made up"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Machine">{(id) => <PlaceChoice id={id} value={on} onChange={setOn} />}</Field>
        <Field label="Permission mode" note={modes.find(({ id }) => id === mode)?.description}>
          {(id) => (
            <Choice
              id={id}
              value={mode}
              options={modes.map(({ id, name, description }) => ({ id, name, detail: description }))}
              onChoose={(id) => setMode(modes.find((each) => each.id === id)?.id ?? mode)}
            />
          )}
        </Field>
        {agents && agents.length > 1 && agent && (
          <Field label="Agent">
            {(id) => (
              <Choice
                id={id}
                value={agent.kind}
                options={agents.map(({ kind, name }) => ({ id: kind, name }))}
                onChoose={setAgentKind}
              />
            )}
          </Field>
        )}
        <Field label="Model">
          {(id) => (
            <>
              <Input
                id={id}
                list={ids.models}
                value={model}
                placeholder="The agent’s own choice"
                onChange={(event) => setModel(event.target.value)}
              />
              <datalist id={ids.models}>
                {models.map(({ id, name }) => (
                  <option key={id} value={id} label={name} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        {agent && agent.capabilities.efforts.length > 0 && (
          <Field label="Effort">
            {(id) => (
              <Choice
                id={id}
                value={effort}
                options={[
                  { id: OWN, name: 'The agent’s own choice' },
                  ...agent.capabilities.efforts.map((id) => ({ id, name: effortName(id) })),
                ]}
                onChoose={setEffort}
              />
            )}
          </Field>
        )}
      </div>
      {ref !== undefined && (
        <div className="-mx-4">
          <TrustPanel workspace={{ projectId: project.id, projectName: project.name, base: ref }} what="scripts" />
        </div>
      )}
      <div className="flex items-center justify-end gap-3">
        {project.demo && <span className="mr-auto text-muted text-sm">Demo project: a scripted model answers.</span>}
        <Button type="submit" variant="primary" disabled={pending || on.endsWith(':')}>
          {pending ? 'Making it…' : 'Create workspace'}
          <Kbd
            keys="mod+enter"
            className="text-inherit max-sm:hidden [&_kbd]:border-current/30 [&_kbd]:bg-transparent"
          />
        </Button>
      </div>
    </form>
  )
}

interface FieldProps {
  label: string
  note?: string | undefined
  children(id: string): ReactNode
}

function Field({ label, note, children }: FieldProps) {
  const id = useId()
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="font-medium text-sm">
        {label}
      </label>
      {children(id)}
      {note !== undefined && <p className="text-muted text-xs">{note}</p>}
    </div>
  )
}

interface ChoiceProps {
  id: string
  value: string
  options: readonly { id: string; name: string; detail?: string }[]
  onChoose(id: string): void
}

function Choice({ id, value, options, onChoose }: ChoiceProps) {
  return (
    <Select value={value} onValueChange={onChoose}>
      <SelectTrigger id={id} className="w-full">
        <SelectValue />
      </SelectTrigger>
      <SelectContent>
        {options.map(({ id, name, detail }) => (
          <SelectItem key={id} value={id} {...(detail === undefined ? {} : { detail })}>
            {name}
          </SelectItem>
        ))}
      </SelectContent>
    </Select>
  )
}

/** The project that was worked on last. */
function useLastProject(): string | undefined {
  const workspaces = useWorkspaces()
  return workspaces.reduce<(typeof workspaces)[number] | undefined>(
    (last, each) => (last === undefined || each.activeAt > last.activeAt ? each : last),
    undefined,
  )?.projectId
}
