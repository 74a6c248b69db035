import type { MachineInfo, MachineKind } from '@skein/protocol'
import { useState } from 'react'
import { describeError } from '../api/describe-error.ts'
import { useApiQuery } from '../api/query.ts'
import { useCommand } from '../api/use-command.ts'
import { Button } from '../ui/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../ui/dialog.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { Input } from '../ui/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../ui/select.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { Field, SettingField } from './setting-field.tsx'
import { type FieldValues, fieldProblem, fieldValues, nameProblem, settingsOf } from './setting-values.ts'

interface MachineDialogProps {
  /** Whose settings are changed; absent: one is added. */
  machine?: MachineInfo | undefined
  onClose(): void
}

/** Makes a machine known, or changes its settings; the fields are what its kind says of itself. */
export function MachineDialog({ machine, onClose }: MachineDialogProps) {
  const kinds = useApiQuery('machines.kinds', {})
  const known = kinds.data?.filter(({ kind }) => kind !== 'local') ?? []
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        title={machine ? `Settings of ${machine.id}` : 'Add a machine'}
        {...(machine
          ? {}
          : { description: 'A host that is there already, or settings for machines that are made for a workspace.' })}
      >
        {kinds.isError ? (
          <ErrorState error={kinds.error} title="The kinds could not be read" retry={() => void kinds.refetch()} />
        ) : kinds.isPending ? (
          <SkeletonLines lines={5} className="p-4" />
        ) : known.length === 0 ? (
          <DialogBody className="pb-6 text-muted">No plugin provides any but this computer.</DialogBody>
        ) : (
          <MachineForm kinds={known} machine={machine} onClose={onClose} />
        )}
      </DialogContent>
    </Dialog>
  )
}

interface MachineFormProps {
  kinds: readonly MachineKind[]
  machine: MachineInfo | undefined
  onClose(): void
}

function MachineForm({ kinds, machine, onClose }: MachineFormProps) {
  const [chosen, setChosen] = useState(machine?.kind)
  const kind = kinds.find((one) => one.kind === chosen) ?? kinds[0]
  const [name, setName] = useState(machine?.name ?? '')
  const [fields, setFields] = useState<FieldValues>(() => fieldValues(kind?.settings ?? [], machine?.settings))
  const [tried, setTried] = useState(false)
  const add = useCommand('machines.add')
  if (!kind) return null
  const wrongName = machine ? undefined : nameProblem(name.trim())
  const wrong = kind.settings.some((setting) => fieldProblem(setting, fields[setting.name]) !== undefined)

  const submit = async () => {
    setTried(true)
    if (add.pending || wrong || wrongName !== undefined) return
    const settings = settingsOf(kind.settings, fields)
    // What went wrong is said in the dialog.
    const added = await add.tryRun({ kind: kind.kind, name: name.trim(), settings }).catch(() => undefined)
    if (added) onClose()
  }
  return (
    <form
      noValidate
      className="flex min-h-0 flex-1 flex-col"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <DialogBody className="space-y-4 pb-4">
        {machine === undefined && (
          <>
            <Field label="Kind" about={kindNote(kind)} required>
              {(props) => (
                <Select
                  value={kind.kind}
                  onValueChange={(id) => {
                    setChosen(id)
                    setFields(fieldValues(kinds.find((one) => one.kind === id)?.settings ?? []))
                    setTried(false)
                  }}
                >
                  <SelectTrigger className="w-full" {...props}>
                    <SelectValue />
                  </SelectTrigger>
                  <SelectContent>
                    {kinds.map(({ kind, label }) => (
                      <SelectItem key={kind} value={kind}>
                        {label}
                      </SelectItem>
                    ))}
                  </SelectContent>
                </Select>
              )}
            </Field>
            <Field
              label="Name"
              about={`Workspaces are put there with --on ${kind.kind}:${name.trim() || 'NAME'}.`}
              problem={tried ? wrongName : undefined}
              required
            >
              {(props) => (
                <Input
                  {...props}
                  value={name}
                  autoComplete="off"
                  spellCheck={false}
                  className="font-mono text-sm"
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
          </>
        )}
        {kind.settings.map((setting) => (
          <SettingField
            key={`${kind.kind} ${setting.name}`}
            setting={setting}
            value={fields[setting.name] ?? ''}
            problem={tried ? fieldProblem(setting, fields[setting.name]) : undefined}
            onChange={(value) => setFields({ ...fields, [setting.name]: value })}
          />
        ))}
        {machine && kind.settings.length === 0 && <p className="text-muted">A machine of this kind has no settings.</p>}
        {add.error !== undefined && !add.pending && <Refusal error={add.error} />}
      </DialogBody>
      <DialogFooter className="border-t pt-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={add.pending}>
          {add.pending ? (kind.lifetime === 'shared' ? 'Connecting…' : 'Saving…') : machine ? 'Save' : 'Add'}
        </Button>
      </DialogFooter>
    </form>
  )
}

function Refusal({ error }: { error: unknown }) {
  const { message, next } = describeError(error)
  return (
    <div role="alert" className="rounded-md bg-danger-surface p-3 text-sm">
      <p className="whitespace-pre-wrap break-words font-medium text-danger">{message}</p>
      {next !== undefined && <p className="mt-1 break-words">{next}</p>}
    </div>
  )
}

function kindNote({ lifetime, isolated }: MachineKind): string {
  const life =
    lifetime === 'shared'
      ? 'For many workspaces; it stays when they go.'
      : 'One is made for each workspace, and destroyed with it.'
  return isolated ? `${life} Agents there are kept from your own files.` : life
}
