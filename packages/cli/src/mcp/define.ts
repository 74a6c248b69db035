import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server'
import { type SkeinApi, SkeinError } from '@skein/protocol'
import type * as z from 'zod'
import type { Caller } from './caller.ts'

/** What every tool works with. */
export interface McpWorld {
  readonly api: SkeinApi
  readonly caller: Caller
  /** What agents that are started get is taken from it, by the allow-list of the command line; without it, the server's. */
  readonly env?: NodeJS.ProcessEnv
  /** Where the client is. */
  readonly cwd?: string
}

export interface ToolCall extends McpWorld {
  /** Aborted when the client cancels the call, or leaves. */
  readonly signal: AbortSignal
  /** Tells the client that it goes on, if it wants to know. */
  progress(message: string): void
}

export interface ToolDefinition<Input extends z.ZodObject> {
  readonly name: string
  readonly title: string
  /** For the model: what it is for, what comes back, what to call next. */
  readonly about: string
  readonly input: Input
  /** `reads` changes nothing; `changes` adds or continues; `destroys` may end or take away what is there. */
  readonly effect: 'reads' | 'changes' | 'destroys'
  run(input: z.output<Input>, call: ToolCall): Promise<unknown>
}

/** A tool, ready to be registered with a server. */
export type Tool = (server: McpServer, world: McpWorld) => void

/** Makes a tool. What `run` answers goes to the model as JSON; what it throws, as an error with what to do next. */
export function tool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { name, title, about, effect } = definition
  const input: z.ZodObject = definition.input
  return (server, world) => {
    server.registerTool(
      name,
      {
        title,
        description: about,
        inputSchema: input,
        annotations: {
          title,
          readOnlyHint: effect === 'reads',
          destructiveHint: effect === 'destroys',
          openWorldHint: false,
        },
      },
      // The schema's output is what the SDK parses the arguments to; it cannot follow that through the type parameter.
      async (args: unknown, context: ServerContext): Promise<CallToolResult> => {
        const call: ToolCall = { ...world, signal: context.mcpReq.signal, progress: progressOf(context) }
        try {
          return result(await definition.run(args as z.output<Input>, call))
        } catch (error) {
          return failure(SkeinError.from(error, name))
        }
      },
    )
  }
}

function result(value: unknown): CallToolResult {
  return { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] }
}

function failure(error: SkeinError): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: JSON.stringify({ error: error.toBody() }) }] }
}

function progressOf({ mcpReq }: ServerContext): (message: string) => void {
  const progressToken = mcpReq._meta?.progressToken
  let progress = 0
  return (message) => {
    if (progressToken === undefined) return
    progress++
    // A client that has left is no reason to fail.
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, message } }).catch(() => {})
  }
}
