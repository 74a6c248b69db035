import { apiMethods } from '@skein/protocol'
import * as z from 'zod'
import { tool } from '../define.ts'
import { Name } from './workspaces.ts'

const searched = apiMethods.search.params.shape

export const search = tool({
  name: 'search',
  title: 'Search transcripts',
  about: apiMethods.search.about,
  input: z.strictObject({
    text: searched.text.describe('The words; all of them have to be there.'),
    workspace: Name.optional(),
    cursor: searched.cursor.describe('From the last answer, to go on.'),
  }),
  effect: 'reads',
  async run({ text, workspace, cursor }, { api, caller, signal }) {
    const seen = workspace === undefined ? await caller.workspaces(true) : [await caller.find(workspace)]
    const [only] = seen
    const params = {
      text,
      limit: 20,
      ...(cursor === undefined ? {} : { cursor }),
      ...(workspace === undefined || only === undefined ? {} : { workspaceId: only.id }),
    }
    const found = await api.call('search', params, signal)
    return {
      hits: found.hits
        .filter(({ workspaceId }) => seen.some(({ id }) => id === workspaceId))
        .map(({ workspaceName, sessionId, seq, kind, snippet }) => ({
          workspace: workspaceName,
          session: sessionId,
          event: seq,
          kind,
          text: snippet.map((part) => (part.match ? `**${part.text}**` : part.text)).join(''),
        })),
      ...(found.cursor === null ? {} : { cursor: found.cursor }),
    }
  },
})

export const listMachines = tool({
  name: 'list_machines',
  title: 'List machines',
  about: 'Where workspaces can be: machines that are known, and kinds of which one is made for each workspace.',
  input: z.strictObject({}),
  effect: 'reads',
  async run(_input, { api, signal }) {
    const [machines, kinds] = await Promise.all([
      api.call('machines.list', {}, signal),
      api.call('machines.kinds', {}, signal),
    ])
    return {
      // Without their settings, which are a person's.
      machines: machines.map(({ id, kind, lifetime, isolated, template, state, because, workspaces }) => ({
        on: id,
        kind,
        isolated,
        ...(template ? { madeForEachWorkspace: true } : { state, because, workspaces: workspaces.length }),
        lifetime,
      })),
      kinds: kinds.map(({ kind, label, lifetime, isolated }) => ({ kind, label, lifetime, isolated })),
    }
  },
})
