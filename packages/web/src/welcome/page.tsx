import type { Project } from '@skein/protocol'
import { useNavigate } from '@tanstack/react-router'
import { FolderGit2, GitBranch } from 'lucide-react'
import { useState } from 'react'
import { applyChanges, useLive, useProjects } from '../api/live.ts'
import { useCommand } from '../api/use-command.ts'
import { PageHeader } from '../shell/page-header.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../ui/tabs.tsx'
import { CloneForm, Failure } from './clone-form.tsx'
import { DemoCard } from './demo-card.tsx'
import { WelcomeFindings } from './findings.tsx'
import { FolderPicker } from './folder-picker.tsx'

/** How to begin: a repository of this computer, one from elsewhere, or the demo; and what this computer still lacks. */
export function WelcomePage() {
  const first = useProjects().every(({ demo }) => demo)
  const open = useCommand('projects.open')
  const [error, setError] = useState<unknown>()
  const navigate = useNavigate()
  const begin = (project: Project) => {
    if (!useLive.getState().projects.has(project.id))
      useLive.setState(applyChanges(useLive.getState(), [{ type: 'project', project }]))
    void navigate({ to: '/new', search: { project: project.id } })
  }
  const pick = async (path: string) => {
    setError(undefined)
    try {
      begin(await open.tryRun({ path }))
    } catch (reason) {
      setError(reason)
    }
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-3xl pb-16">
        <PageHeader title={first ? 'Welcome to Skein' : 'Add a project'}>
          {first
            ? 'Agents work side by side, each in a checkout of its own. Choose a repository to begin.'
            : 'A git repository that agents shall work on. Your checkout stays as it is.'}
        </PageHeader>
        <div className="flex flex-col gap-5 px-4 pt-2 sm:px-8">
          <WelcomeFindings />
          {first && <DemoCard />}
          <Tabs defaultValue="folder" className="rounded-xl border bg-surface p-4 sm:p-5">
            <TabsList aria-label="Where the repository is" className="mb-3">
              <TabsTrigger value="folder">
                <FolderGit2 aria-hidden />
                On this computer
              </TabsTrigger>
              <TabsTrigger value="clone">
                <GitBranch aria-hidden />
                Clone a URL
              </TabsTrigger>
            </TabsList>
            <TabsContent value="folder" className="flex flex-col gap-2 focus-visible:outline-none">
              <FolderPicker busy={open.pending} onPick={(path) => void pick(path)} />
              {error !== undefined && <Failure error={error} />}
            </TabsContent>
            <TabsContent value="clone" className="focus-visible:outline-none">
              <CloneForm onProject={begin} />
            </TabsContent>
          </Tabs>
          {!first && <DemoCard />}
        </div>
      </div>
    </div>
  )
}
