import { SkeinError, type Workspace } from '@skein/protocol'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useCommand } from '../api/use-command.ts'
import { confirm } from '../ui/confirm.tsx'
import { toast, toastError } from '../ui/toast.tsx'

/** What can be done with workspaces, from wherever they are shown. */
export interface WorkspaceCommands {
  pin(workspace: Workspace): Promise<void>
  rename(workspace: Workspace, name: string): Promise<void>
  archive(workspaces: readonly Workspace[], archived?: boolean): Promise<void>
  /** Asks first when work would be lost from sight, naming it. */
  remove(workspaces: readonly Workspace[]): Promise<void>
}

export function useWorkspaceCommands(): WorkspaceCommands {
  const { run: update } = useCommand('workspaces.update')
  const { tryRun: remove } = useCommand('workspaces.remove')
  const { run: restore } = useCommand('workspaces.restore')
  const navigate = useNavigate()
  return useMemo(() => {
    const removed = (workspaces: readonly Workspace[]) => {
      const [only] = workspaces
      if (!only) return
      toast.success(
        workspaces.length === 1 ? `${only.name} was removed` : `${workspaces.length} workspaces were removed`,
        {
          description: 'What they held can be brought back for 30 days.',
          action: {
            label: 'Undo',
            onClick: () => {
              for (const { id } of workspaces) void restore({ workspaceId: id })
            },
          },
        },
      )
      if (workspaces.some(({ id }) => location.pathname.includes(`/w/${id}`))) void navigate({ to: '/' })
    }
    return {
      pin: async ({ id, pinned }) => void (await update({ workspaceId: id, pinned: !pinned })),
      rename: async ({ id }, name) => void (await update({ workspaceId: id, name })),
      archive: async (workspaces, archived = true) => {
        await Promise.all(workspaces.map(({ id }) => update({ workspaceId: id, archived })))
      },
      remove: async (workspaces) => {
        const done: Workspace[] = []
        const holding: { workspace: Workspace; why: string }[] = []
        for (const workspace of workspaces) {
          try {
            await remove({ workspaceId: workspace.id })
            done.push(workspace)
          } catch (error) {
            if (error instanceof SkeinError && error.code === 'needs_confirmation')
              holding.push({ workspace, why: error.message })
            else toastError(error)
          }
        }
        removed(done)
        const [first] = holding
        if (!first) return
        const names = holding.map(({ workspace }) => workspace.name)
        const sure = await confirm({
          title: names.length === 1 ? `Remove ${names[0]}?` : `Remove ${names.length} workspaces with unsaved work?`,
          description: `${holding.map(({ why }) => why).join('\n')}\n\nA snapshot is kept, and can be restored for 30 days.`,
          action: 'Remove',
          danger: true,
        })
        if (!sure) return
        const confirmed = await Promise.all(
          holding.map(async ({ workspace }) => {
            try {
              await remove({ workspaceId: workspace.id, confirm: true })
              return [workspace]
            } catch (error) {
              toastError(error)
              return []
            }
          }),
        )
        removed(confirmed.flat())
      },
    }
  }, [update, remove, restore, navigate])
}
