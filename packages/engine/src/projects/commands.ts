import { type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { repositoryOf } from '../machines/places.ts'
import { COMMAND_FILES, type RepositoryCommands, resolveCommands } from '../setup/commands.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { type ProjectRow, projectRow } from './projects.ts'
import { scriptsIn } from './trust.ts'

type Files = Record<string, string | null>

/** What can be run in a workspace, and whether it may be. */
export interface WorkspaceCommands extends RepositoryCommands {
  trusted: boolean
  /** Of what the repository would run at the workspace's base. */
  hash: string
}

const REMEMBERED = 200
const LARGEST = 256 * 1024

/** Reads what a workspace's repository names to be run. What stands at a commit never changes, so it is read once. */
export class CommandSource {
  readonly #context: EngineContext
  readonly #bases = new Map<string, Promise<{ files: Files; hash: string; empty: boolean }>>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  /**
   * The commands of the work tree as it is now, where exactly that is trusted; else those of the workspace's base. So an agent that
   * edits `skein.json` changes nothing of what is run until a person has looked at it.
   */
  async of(workspace: WorkspaceTable): Promise<WorkspaceCommands> {
    const project = await projectRow(this.#context, workspace.project_id)
    if (workspace.base === null) return { ...resolveCommands(() => null), trusted: false, hash: '' }
    const runner = await this.#context.machines.runner(workspace.machine_id)
    const base = await this.#at(runner, repositoryOf(this.#context, project, workspace, runner), workspace.base)
    const baseTrusted = base.empty || project.trusted_hash === base.hash
    const there = workspace.state === 'ready' || workspace.state === 'removing'
    if (there && (project.trusted_hash !== null || base.empty)) {
      const now = await filesIn(workspace.path, runner)
      const edited = COMMAND_FILES.some((file) => now[file] !== base.files[file])
      if (edited || !baseTrusted) {
        const trusted = await trustedIn(runner, workspace, workspace.base, project)
        if (trusted) return { ...resolveCommands((file) => trusted[file] ?? null), trusted: true, hash: base.hash }
      }
    }
    return { ...resolveCommands((file) => base.files[file] ?? null), trusted: baseTrusted, hash: base.hash }
  }

  #at(runner: RunnerClient, repo: string, commit: string) {
    const key = `${repo} ${commit}`
    const known = this.#bases.get(key)
    if (known) return known
    const reading = (async () => {
      const [{ hash, scripts }, files] = await Promise.all([
        scriptsIn(runner, repo, commit),
        filesAt(runner, repo, commit),
      ])
      return { files, hash, empty: scripts.length === 0 }
    })()
    reading.catch(() => this.#bases.delete(key))
    this.#bases.set(key, reading)
    const [oldest] = this.#bases.keys()
    if (this.#bases.size > REMEMBERED && oldest !== undefined) this.#bases.delete(oldest)
    return reading
  }
}

/** The refusal of what is not trusted. */
export function untrusted(what: string, workspace: WorkspaceTable, commands: WorkspaceCommands): SkeinError {
  return new SkeinError('conflict', `${what}: what the repository would run on this machine is not trusted`, {
    next: 'Look at it and allow it: skein trust',
    details: { reason: 'needs_trust', projectId: workspace.project_id, hash: commands.hash },
  })
}

/** The files of the work tree, from the very tree whose hash is trusted: what is checked is what is used. */
async function trustedIn(
  runner: RunnerClient,
  workspace: WorkspaceTable,
  base: string,
  project: ProjectRow,
): Promise<Files | undefined> {
  const { tree } = await runner.call('git.changes', { path: workspace.path, base })
  const { hash, scripts } = await scriptsIn(runner, workspace.path, tree)
  if (scripts.length > 0 && project.trusted_hash !== hash) return undefined
  return filesAt(runner, workspace.path, tree)
}

async function filesAt(runner: RunnerClient, repo: string, commit: string): Promise<Files> {
  const read = async (file: string): Promise<[string, string | null]> => {
    const shown = await runner.call('git.show', { repo, commit, file })
    return [file, shown ? Buffer.from(shown.base64, 'base64').toString('utf8') : null]
  }
  return Object.fromEntries(await Promise.all(COMMAND_FILES.map(read)))
}

async function filesIn(folder: string, runner: RunnerClient): Promise<Files> {
  const read = async (file: string): Promise<[string, string | null]> => {
    try {
      const { base64 } = await runner.call('fs.read', { path: `${folder}/${file}`, offset: 0, length: LARGEST })
      return [file, Buffer.from(base64, 'base64').toString('utf8')]
    } catch (error) {
      if (error instanceof SkeinError && error.code === 'unavailable') throw error
      return [file, null]
    }
  }
  return Object.fromEntries(await Promise.all(COMMAND_FILES.map(read)))
}
