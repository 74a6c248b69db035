import { randomUUID } from 'node:crypto'
import { type Session, SkeinError, type Workspace } from '@skein/protocol'
import * as z from 'zod'
import { sessionOptions } from '../../session-options.ts'
import { PAGE } from '../bounded.ts'
import { tool } from '../define.ts'
import { follow } from '../follow.ts'
import { transcriptLines } from '../transcript.ts'
import { Name, RepeatKey } from './workspaces.ts'

/** Below the minute after which many clients give a call up. */
const WAIT_SECONDS = 50
const LONGEST_SECONDS = 600

const SessionId = z.string().optional().describe('One of the workspace’s sessions; by default the newest.')

export const sendPrompt = tool({
  name: 'send_prompt',
  title: 'Send an agent a further prompt',
  about:
    'Sends a prompt to the agent of a workspace, which remembers what was before. While it is at work the prompt waits its turn. Answers at once; call follow to wait for what comes of it.',
  input: z.strictObject({ workspace: Name, prompt: z.string().min(1), session: SessionId, key: RepeatKey }),
  effect: 'changes',
  async run({ workspace, prompt, session, key = randomUUID() }, call) {
    const { api, caller, signal } = call
    const found = await caller.findToAct(workspace)
    const content = [{ type: 'text' as const, text: prompt }]
    const inside = await caller.inside()
    // The environment may have changed since the session was made; that of an agent in a workspace is not a person's.
    const environment = inside || !call.env ? undefined : sessionOptions({}, call.env).environment
    const options = { environment, ...(inside ? { parent: inside.session.id } : {}) }
    const sessionId =
      found.sessions.length === 0
        ? (await api.call('sessions.create', { key: `${key}:session`, workspaceId: found.id, options }, signal)).id
        : sessionIn(found, session).id
    const sent = { key, sessionId, content, ...(environment === undefined ? {} : { environment }) }
    await api.call('sessions.prompt', sent, signal)
    return { workspace: found.name, session: sessionId, next: 'follow' }
  },
})

export const followWorkspaces = tool({
  name: 'follow',
  title: 'Wait for agents',
  about: `Waits until an agent of these workspaces needs somebody (it asks, or has a plan), is done, or has failed, and tells what happened since the cursor. Call it again with the cursor of its answer until all are done. Open asks come with it; answer them with answer_ask. It answers after at most ${WAIT_SECONDS} seconds, or what you say.`,
  input: z.strictObject({
    workspaces: z.array(Name).min(1).max(20),
    cursor: z.string().optional().describe('From the last answer: only what is new since then is told.'),
    until: z
      .enum(['any', 'all'])
      .optional()
      .describe('any (default): answer when one of them has news. all: when none of them is at work any more.'),
    seconds: z.number().min(0).max(LONGEST_SECONDS).optional().describe('How long to wait at most; 0: only look.'),
  }),
  effect: 'reads',
  async run({ workspaces, cursor, until = 'any', seconds = WAIT_SECONDS }, call) {
    const found = await Promise.all(workspaces.map((name) => call.caller.find(name)))
    return follow({ workspaces: found, cursor, until, waitMs: seconds * 1000 }, call)
  },
})

export const readTranscript = tool({
  name: 'read_transcript',
  title: 'Read what an agent did',
  about:
    'The transcript of a session, as lines that each begin with the number of their event. By default the newest part; give after to read on from an event, and event to read one in full.',
  input: z.strictObject({
    workspace: Name,
    session: SessionId,
    after: z.int().nonnegative().optional().describe('Begin after this event; 0 is the beginning.'),
    event: z.int().positive().optional().describe('This one event, as it was stored.'),
  }),
  effect: 'reads',
  async run({ workspace, session, after, event }, { api, caller, signal }) {
    const { id } = sessionIn(await caller.find(workspace), session)
    const where = event === undefined ? after : event - 1
    const limit = event === undefined ? 200 : 1
    const range = where === undefined ? { newest: true, limit } : { after: where, limit }
    const { events, last } = await api.call('sessions.events', { sessionId: id, ...range }, signal)
    if (event !== undefined) return JSON.stringify(events[0]?.event ?? null).slice(0, PAGE)
    const { lines, seq } = transcriptLines(events)
    return { lines, last, ...(seq < last && lines.length > 0 ? { nextAfter: seq } : {}) }
  },
})

export const interrupt = tool({
  name: 'interrupt',
  title: 'Interrupt an agent',
  about: 'Ends the turn that runs in a workspace. What was done so far stays, and a further prompt goes on from there.',
  input: z.strictObject({
    workspace: Name,
    session: SessionId,
    queued: z.boolean().optional().describe('Take back prompts that wait as well.'),
  }),
  effect: 'destroys',
  async run({ workspace, session, queued = false }, { api, caller, signal }) {
    const { id } = sessionIn(await caller.findToAct(workspace), session)
    return api.call('sessions.interrupt', { key: randomUUID(), sessionId: id, cancelQueued: queued }, signal)
  },
})

/** The session that is meant; the newest unless it is said. */
export function sessionIn(workspace: Workspace, id: string | undefined): Session {
  const sessions = workspace.sessions.toSorted((a, b) => b.createdAt - a.createdAt)
  const found = id === undefined ? sessions[0] : sessions.find((session) => session.id === id)
  if (found) return found
  throw new SkeinError(
    'not_found',
    id === undefined ? `${workspace.name} has no session yet` : `${workspace.name} has no session ${id}`,
    { next: id === undefined ? 'Begin one with send_prompt.' : `It has: ${sessions.map((one) => one.id).join(', ')}.` },
  )
}
