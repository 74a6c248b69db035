import type { CommandContext, CommandResult } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import { serveMcp } from '../mcp/serve.ts'

/** `skein mcp`: a Model Context Protocol server on stdin and stdout, so that an agent can start, follow and answer other agents. */
export async function mcp({ api, env, cwd, terminal }: CommandContext): CommandResult {
  // What was in flight when the client left is not waited for.
  await serveMcp({ api, env, cwd, onError: (error) => terminal.stderr.write(`skein mcp: ${error.message}\n`) })
  return ExitCode.ok
}
