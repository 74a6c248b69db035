import { fail, type ModelReply } from './reply.ts'
import type { ModelRequest } from './request.ts'

/**
 * What the model does. A function decides from the request; a list gives one step to each request of a conversation's main
 * loop, in order, and answers any further one with an error that says so.
 */
export type Script = ScriptFunction | readonly (ScriptFunction | ModelReply)[]
export type ScriptFunction = (request: ModelRequest, context: ScriptContext) => ModelReply | Promise<ModelReply>

export interface ScriptContext {
  /** Aborted when the client leaves or the server closes. */
  signal: AbortSignal
  /** Kept for the conversation as long as the server lives. */
  memory: Map<string, unknown>
}

export function asFunction(script: Script): ScriptFunction {
  if (typeof script === 'function') return script
  return (request, context) => {
    const step = script[request.turn - 1]
    if (step === undefined)
      return fail(400, { message: `the script has ${script.length} steps and this is request ${request.turn}` })
    return typeof step === 'function' ? step(request, context) : step
  }
}
