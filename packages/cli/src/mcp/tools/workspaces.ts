import { randomUUID } from 'node:crypto'
import { apiMethods, PermissionMode, SessionOptions, SkeinError, type Workspace } from '@skein/protocol'
import * as z from 'zod'
import { sessionOptions } from '../../session-options.ts'
import { type ToolCall, tool } from '../define.ts'
import { workspaceRow, workspaceView } from '../views.ts'

export const Name = z.string().min(1).describe('The workspace: its name or id, or a unique beginning of either.')
/** Repeating a call whose answer was lost, with the same key, does nothing twice. */
export const RepeatKey = z
  .uuid()
  .optional()
  .describe('A UUID of yours. If the answer is lost, repeat the call with the same one: nothing is done twice.')

const ROWS = 50
const created = apiMethods['workspaces.create'].params.shape

export const listWorkspaces = tool({
  name: 'list_workspaces',
  title: 'List workspaces',
  about:
    'Lists workspaces, those that need somebody first, each with its status and the reason for it. A workspace is an isolated checkout of a repository in which a coding agent works.',
  input: z.strictObject({
    project: z.string().optional().describe('Only those of the project of this name.'),
    removed: z.boolean().optional().describe('Removed ones too, which restore_workspace can bring back.'),
    offset: z.int().nonnegative().optional().describe(`Leave out so many; ${ROWS} are listed at a time.`),
  }),
  effect: 'reads',
  async run({ project, removed, offset = 0 }, { caller }) {
    const all = await caller.workspaces(removed)
    const wanted = all.filter(({ projectName }) => project === undefined || projectName === project)
    const shown = wanted.slice(offset, offset + ROWS)
    const rest = wanted.length - offset - shown.length
    return { workspaces: shown.map(workspaceRow), ...(rest > 0 ? { more: rest, nextOffset: offset + ROWS } : {}) }
  },
})

export const showWorkspace = tool({
  name: 'show_workspace',
  title: 'Show a workspace',
  about:
    'Everything about one workspace: status with evidence, branch, machine, sessions with their last results, and what failed.',
  input: z.strictObject({ workspace: Name }),
  effect: 'reads',
  run: async ({ workspace }, { caller }) => workspaceView(await caller.find(workspace)),
})

export const createWorkspace = tool({
  name: 'create_workspace',
  title: 'Start an agent in a new workspace',
  about:
    'Makes a new isolated workspace of a repository on a branch of its own and, with a prompt, puts a coding agent to work in it. Answers at once. Call follow to wait for it: the agent may ask for permission, ask questions, or propose a plan. The checkout of the person is not touched.',
  input: z.strictObject({
    repository: z
      .string()
      .optional()
      .describe(
        'A folder in the git repository, as an absolute path. By default the folder that this server was started in.',
      ),
    prompt: z
      .string()
      .min(1)
      .optional()
      .describe('What the agent is to do. It knows nothing but this and the repository.'),
    name: created.name.describe('A short name; one is made up otherwise.'),
    branch: created.branch.describe('The branch to work on; one is made from the name otherwise.'),
    base: created.base.describe('The branch or commit to begin from; what is checked out in the repository otherwise.'),
    on: created.on.describe('The machine: local by default; see list_machines.'),
    model: SessionOptions.shape.model,
    effort: SessionOptions.shape.effort,
    permissionMode: PermissionMode.optional().describe(
      'How much it may do unasked. sandboxed (default): edits in the workspace and sandboxed commands. plan: proposes a plan first. bypass: everything, only on isolated machines.',
    ),
    allowedTools: SessionOptions.shape.allowedTools.describe('Tools that need no permission, e.g. "Bash(npm test)".'),
    disallowedTools: SessionOptions.shape.disallowedTools,
    maxTurns: SessionOptions.shape.maxTurns.describe('Steps that it may take.'),
    maxCost: SessionOptions.shape.maxCost.describe('US dollars that it may use.'),
    key: RepeatKey,
  }),
  effect: 'changes',
  async run(input, call) {
    const { api, caller, signal } = call
    const inside = await caller.inside()
    const projectId = inside
      ? insideProject(inside.workspace, input.repository)
      : await openProject(input.repository, call)
    if (inside && input.allowedTools)
      throw new SkeinError('unauthorized', 'an agent in a workspace cannot allow tools to another', {
        next: 'Leave allowedTools out: the new agent may use without asking what you may.',
      })
    const { model, effort, permissionMode, allowedTools, disallowedTools, maxTurns, maxCost } = input
    const flags = {
      ...(model === undefined ? {} : { model }),
      ...(effort === undefined ? {} : { effort }),
      ...(permissionMode === undefined ? {} : { permissionMode }),
      ...(allowedTools === undefined ? {} : { allow: allowedTools }),
      ...(disallowedTools === undefined ? {} : { deny: disallowedTools }),
      ...(maxTurns === undefined ? {} : { maxTurns }),
      ...(maxCost === undefined ? {} : { maxCost }),
    }
    const options = sessionOptions(flags, call.env ?? {})
    const own = inside || !call.env ? { ...options, environment: undefined } : options
    const workspace = await api.call(
      'workspaces.create',
      {
        key: input.key ?? randomUUID(),
        projectId,
        ...(input.name === undefined ? {} : { name: input.name }),
        ...(input.branch === undefined ? {} : { branch: input.branch }),
        ...(input.base === undefined ? {} : { base: input.base }),
        ...(input.on === undefined ? {} : { on: input.on }),
        session: inside ? { ...own, parent: inside.session.id } : own,
        ...(input.prompt === undefined ? {} : { prompt: [{ type: 'text' as const, text: input.prompt }] }),
      },
      signal,
    )
    return { ...workspaceRow(workspace), next: input.prompt === undefined ? 'send_prompt' : 'follow' }
  },
})

export const moveWorkspace = tool({
  name: 'move_workspace',
  title: 'Move a workspace to another machine',
  about:
    'Brings a workspace to another machine: branch, committed and uncommitted files, and what its agent remembers. A turn that runs must end or be interrupted first. Answers at once; follow waits until it is there.',
  input: z.strictObject({ workspace: Name, to: z.string().min(1).describe('The machine; see list_machines.') }),
  effect: 'changes',
  async run({ workspace, to }, { api, caller, signal }) {
    const { id } = await caller.findToAct(workspace)
    return workspaceRow(await api.call('workspaces.move', { key: randomUUID(), workspaceId: id, to }, signal))
  },
})

export const removeWorkspace = tool({
  name: 'remove_workspace',
  title: 'Remove a workspace',
  about:
    'Removes a workspace and ends its agents. What it held is kept for 30 days, in which restore_workspace brings it back. Without confirm it only says what would go.',
  input: z.strictObject({
    workspace: Name,
    confirm: z.boolean().optional().describe('true: do it. Only when its work is no longer needed, or is elsewhere.'),
    keepBranch: z.boolean().optional().describe('Commit everything to its branch first, and leave the branch.'),
  }),
  effect: 'destroys',
  async run({ workspace, confirm, keepBranch }, { api, caller, signal }) {
    const found = await caller.findToAct(workspace)
    if (!confirm)
      throw new SkeinError(
        'needs_confirmation',
        `${found.name} (${found.status.because}) would be removed, and was not`,
        {
          next: 'If it is to go, call remove_workspace again with confirm: true.',
          details: workspaceRow(found),
        },
      )
    const params = { workspaceId: found.id, confirm, ...(keepBranch ? { keepBranch } : {}) }
    const removed = await api.call('workspaces.remove', { key: randomUUID(), ...params }, signal)
    return { removed: removed.name, id: removed.id, next: 'restore_workspace brings it back within 30 days' }
  },
})

export const restoreWorkspace = tool({
  name: 'restore_workspace',
  title: 'Bring a removed workspace back',
  about:
    'Brings back a workspace that was removed less than 30 days ago, with its files, and what its agent remembers.',
  input: z.strictObject({ workspace: Name }),
  effect: 'changes',
  async run({ workspace }, { api, caller, signal }) {
    const { id } = await caller.findToAct(workspace)
    return workspaceRow(await api.call('workspaces.restore', { key: randomUUID(), workspaceId: id }, signal))
  },
})

async function openProject(repository: string | undefined, { api, cwd, signal }: ToolCall): Promise<string> {
  const path = repository ?? cwd
  if (path === undefined)
    throw new SkeinError('invalid', 'it is not said which repository is meant', {
      next: 'Give repository: an absolute path.',
    })
  const project = await api.call('projects.open', { key: randomUUID(), path }, signal)
  return project.id
}

/** An agent works on the project that it was given, and lets others do so. */
function insideProject({ projectId, path, projectName }: Workspace, repository: string | undefined): string {
  if (repository === undefined || repository === path) return projectId
  throw new SkeinError(
    'unauthorized',
    `an agent in a workspace of ${projectName} makes workspaces of ${projectName} alone`,
    {
      next: 'Leave repository out.',
    },
  )
}
