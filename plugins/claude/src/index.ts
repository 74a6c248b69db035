import { type AgentPlugin, definePlugin } from '@skein/plugin-api'
import { conversation } from './conversation.ts'
import { decode } from './decode/decode.ts'
import { encode } from './encode.ts'
import { exit } from './exit.ts'
import { inspect } from './inspect.ts'
import { launch } from './launch.ts'
import { MODES } from './modes.ts'
import { probe } from './probe.ts'
import { type ClaudeState, start } from './state.ts'

export type { ClaudeState } from './state.ts'

/** Claude Code, driven through its own stream-json protocol. */
export const claudeAgent: AgentPlugin<ClaudeState> = {
  kind: 'claude',
  name: 'Claude Code',
  capabilities: {
    resume: true,
    fork: true,
    plans: true,
    questions: true,
    images: true,
    sandbox: true,
    modes: MODES,
    efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
  },
  launch,
  start,
  decode,
  exit,
  encode,
  inspect,
  probe,
  conversation,
}

/** Contributes Claude Code as an agent. */
export const claudePlugin = definePlugin({
  name: '@skein/plugin-claude',
  activate(context) {
    context.subscriptions.push(context.agents.register(claudeAgent))
  },
})
