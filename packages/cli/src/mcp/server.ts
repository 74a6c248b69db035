import { McpServer } from '@modelcontextprotocol/server'
import { version } from '../version.ts'
import type { McpWorld, Tool } from './define.ts'
import { registerResources } from './resources.ts'
import { answerAsk, listAsks, readPlan } from './tools/asks.ts'
import { applyChanges, listChanges, readDiff } from './tools/changes.ts'
import { listChecks, readCheck, runChecks } from './tools/checks.ts'
import { listMachines, search } from './tools/find.ts'
import { followWorkspaces, interrupt, readTranscript, sendPrompt } from './tools/work.ts'
import {
  createWorkspace,
  listWorkspaces,
  moveWorkspace,
  removeWorkspace,
  restoreWorkspace,
  showWorkspace,
} from './tools/workspaces.ts'

/** What there is for a model to do; fewer than `SkeinApi` has, so that the choice is easy. */
const TOOLS: readonly Tool[] = [
  listWorkspaces,
  showWorkspace,
  createWorkspace,
  sendPrompt,
  followWorkspaces,
  readTranscript,
  listAsks,
  answerAsk,
  readPlan,
  listChanges,
  readDiff,
  listChecks,
  runChecks,
  readCheck,
  applyChanges,
  interrupt,
  moveWorkspace,
  removeWorkspace,
  restoreWorkspace,
  search,
  listMachines,
]

const INSTRUCTIONS = `Skein runs coding agents, each in an isolated workspace of a git repository. To have work done: create_workspace with a prompt, then follow (again and again, with its cursor) until it is done; answer what it asks with answer_ask; look at the result with list_changes and read_diff; send_prompt for corrections. Several workspaces can be at work at once: make them all, then follow them together. Look at asks before you answer them: they are there because something may be wrong.`

/** A server with all tools and resources; `watched`: somebody tells its client of changes. */
export function createServer(world: McpWorld, watched: boolean): McpServer {
  const server = new McpServer(
    { name: 'skein', title: 'Skein', version: version() },
    {
      capabilities: { tools: {}, resources: watched ? { subscribe: true, listChanged: true } : {} },
      instructions: INSTRUCTIONS,
    },
  )
  for (const register of TOOLS) register(server, world)
  registerResources(server, world)
  return server
}
