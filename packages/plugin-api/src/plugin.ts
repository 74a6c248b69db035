import type { AgentPlugin } from './agent.ts'
import type { MachineProvider } from './machine.ts'
import type { TunnelProvider } from './tunnel.ts'

/** Something that can be undone: what every registration gives back. */
export interface Disposable {
  dispose(): void
}

/** What a plugin gets when it is activated; everything it contributes goes through here. */
export interface PluginContext {
  machines: { register(provider: MachineProvider): Disposable }
  agents: { register(agent: AgentPlugin): Disposable }
  /** Ways by which share links reach this computer. */
  tunnels: { register(provider: TunnelProvider): Disposable }
  /** Disposed when the plugin is deactivated. */
  subscriptions: Disposable[]
  log(message: string): void
}

/** The module that a plugin's package exports. */
export interface SkeinPlugin {
  readonly name: string
  activate(context: PluginContext): void | Promise<void>
}

/** Gives a plugin its type; nothing else. */
export function definePlugin(plugin: SkeinPlugin): SkeinPlugin {
  return plugin
}
