import { parseConductorConfig, parseSkeinConfig } from './config.ts'

/** Something that a shell runs. Where it begins with `zsh` and there is none, `sh` takes the same arguments. */
export interface Script {
  argv: string[]
  stdin?: string
}

export interface CheckCommand {
  name: string
  /** As people read it. */
  run: string
  script: Script
  timeoutMs: number
  afterTurn: boolean
  fixRounds: number
}

export interface ServiceCommand {
  name: string
  run: string
  script: Script
  /** Index among the workspace's ten ports. */
  port?: number | undefined
  health?: string | undefined
  autostart: boolean
}

/** What a repository's files name to be run in its workspaces, beside their setup. */
export interface RepositoryCommands {
  checks: CheckCommand[]
  services: ServiceCommand[]
  teardown?: { source: string; script: Script } | undefined
  env: Record<string, string>
}

/** The files that commands are read from. */
export const COMMAND_FILES = ['skein.json', '.flight/run', 'conductor.json'] as const

const CHECK_SECONDS = 600

/**
 * Checks are `skein.json`'s. A teardown is `skein.json`'s, else `scripts.archive` of `conductor.json`. Services are
 * `skein.json`'s; where it names none, `.flight/run` or `scripts.run` of `conductor.json` is the service `run`.
 */
export function resolveCommands(read: (file: (typeof COMMAND_FILES)[number]) => string | null): RepositoryCommands {
  const text = read('skein.json')
  const { checks = {}, services = {}, teardown, env = {} } = text === null ? {} : parseSkeinConfig(text)
  const commands: RepositoryCommands = {
    checks: Object.entries(checks).map(([name, check]) => ({
      name,
      run: check.run,
      script: shell(check.run),
      timeoutMs: (check.timeout ?? CHECK_SECONDS) * 1000,
      afterTurn: check.afterTurn ?? false,
      fixRounds: check.fixRounds ?? 0,
    })),
    services: Object.entries(services).map(([name, service]) => ({
      name,
      run: service.run,
      script: shell(service.run),
      port: service.port,
      health: service.health,
      autostart: service.autostart ?? false,
    })),
    ...(teardown === undefined ? {} : { teardown: { source: 'skein.json', script: shell(teardown) } }),
    env,
  }
  if (commands.teardown && commands.services.length > 0) return commands
  const { run, archive } = parseConductorConfig(read('conductor.json')).scripts ?? {}
  if (!commands.teardown && archive?.trim())
    commands.teardown = { source: 'conductor.json', script: { argv: ['zsh', '-c', archive] } }
  if (commands.services.length === 0) commands.services.push(...otherServices(read('.flight/run'), run))
  return commands
}

function otherServices(flight: string | null, conductor: string | undefined): ServiceCommand[] {
  const service = (run: string, script: Script) => [{ name: 'run', run, script, autostart: false }]
  // As a setup script of Flight's is run: its text through the shell's input.
  if (flight?.trim()) return service('.flight/run', { argv: ['zsh', '-s'], stdin: `exec 2>&1\n${flight}` })
  return conductor?.trim() ? service(conductor.trim(), { argv: ['zsh', '-c', conductor] }) : []
}

function shell(text: string): Script {
  return { argv: ['sh', '-ec', text] }
}
