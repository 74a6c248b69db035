import { createHash } from 'node:crypto'
import type { RepositoryScript } from '@skein/protocol'
import * as z from 'zod'
import { ConductorConfig, parseSkeinConfig, type SkeinConfig } from '../setup/config.ts'

/** A file of a commit, as `git.listFiles` tells it. */
export interface RepositoryFile {
  path: string
  /** Git's hash of its content. */
  blob: string
  /** Git's octal mode; `120000` is a symbolic link, `160000` a submodule. */
  mode: string
}

/** What to ask `git.listFiles` for: where a repository keeps what would run on its own. */
export const TRUST_PATHS = ['skein.json', 'conductor.json', '.mcp.json', '.flight', '.claude'] as const

/** The hash of a repository that would run nothing. */
export const NOTHING_TO_TRUST_HASH = createHash('sha256').digest('hex')

/** Below `.claude`: what the agent obeys or runs. Its memory and rules are text for the model, like any file. */
const AGENT_FILES = /^\.claude\/(settings(\.local)?\.json|(agents|commands|skills|plugins|hooks|workflows)(\/.*)?)$/

/**
 * All that a repository would run on the person's machine by itself: its setup, checks and services, hooks and settings of
 * its agents, MCP servers. The hash covers the path, content and mode of every one of these files, so that consent given for
 * one state does not hold for another. Without anything that runs, the list is empty and the hash `NOTHING_TO_TRUST_HASH`.
 */
export async function repositoryScripts(
  files: readonly RepositoryFile[],
  read: (path: string) => Promise<string>,
): Promise<{ hash: string; scripts: RepositoryScript[] }> {
  const relevant = files.filter(({ path }) => concerns(path)).sort((a, b) => (a.path < b.path ? -1 : 1))
  const scripts: RepositoryScript[] = []
  for (const file of relevant) scripts.push(...(await scriptsOf(file, read)))
  if (scripts.length === 0) return { hash: NOTHING_TO_TRUST_HASH, scripts }
  const hash = createHash('sha256')
  for (const { path, blob, mode } of relevant) hash.update(`${mode} ${blob} ${path}\0`)
  return { hash: hash.digest('hex'), scripts }
}

// In lower case: on a case-insensitive file system `.Claude/Settings.json` is read as well.
function concerns(path: string): boolean {
  const name = path.toLowerCase()
  if (name === '.claude' || name.startsWith('.flight/')) return true
  return TRUST_PATHS.some((known) => known === name) || AGENT_FILES.test(name)
}

async function scriptsOf(file: RepositoryFile, read: (path: string) => Promise<string>): Promise<RepositoryScript[]> {
  const name = file.path.toLowerCase()
  const script = (kind: RepositoryScript['kind'], summary: string, content: string): RepositoryScript => ({
    path: file.path,
    kind,
    summary,
    content,
  })
  if (file.mode === '160000')
    return [script('agent_settings', 'A submodule: what it holds cannot be shown here.', file.blob)]
  const content = await read(file.path)
  if (file.mode === '120000')
    return [
      script('agent_settings', `A symbolic link: changes of what it leads to (${content}) go unnoticed.`, content),
    ]
  try {
    if (name === 'skein.json') return fromSkein(parseSkeinConfig(content), script)
    if (name === 'conductor.json') return fromConductor(content, script)
    if (name === '.mcp.json') return fromMcp(content, script)
    if (/^\.claude\/settings(\.local)?\.json$/.test(name)) return fromSettings(content, script)
  } catch (error) {
    // It may still mean something to the program that it is made for.
    const why = error instanceof Error ? error.message : String(error)
    return [script(MALFORMED[name] ?? 'agent_settings', `Cannot be understood: ${why}`, content)]
  }
  if (name.startsWith('.flight/')) return [script('flight', flightSummary(name), content)]
  return [script('agent_settings', agentFileSummary(name), content)]
}

type MakeScript = (kind: RepositoryScript['kind'], summary: string, content: string) => RepositoryScript

const MALFORMED: Record<string, RepositoryScript['kind']> = {
  'skein.json': 'setup',
  'conductor.json': 'setup',
  '.mcp.json': 'mcp_servers',
}

function fromSkein(config: SkeinConfig, script: MakeScript): RepositoryScript[] {
  const { setup, teardown, checks = {}, services = {}, env = {}, agent = {} } = config
  const scripts: RepositoryScript[] = []
  if (setup !== undefined) scripts.push(script('setup', 'Runs in each new workspace.', setup))
  if (teardown !== undefined) scripts.push(script('teardown', 'Runs before a workspace is removed.', teardown))
  for (const [name, { run }] of Object.entries(checks)) scripts.push(script('check', `The check "${name}".`, run))
  for (const [name, { run }] of Object.entries(services)) scripts.push(script('service', `The service "${name}".`, run))
  if (Object.keys(env).length > 0)
    scripts.push(script('setup', `Sets ${Object.keys(env).join(', ')} for scripts and agents.`, pretty(env)))
  if (Object.keys(agent).length > 0)
    scripts.push(script('agent_settings', `Chooses ${Object.keys(agent).join(', ')} for sessions.`, pretty(agent)))
  return scripts
}

function fromConductor(content: string, script: MakeScript): RepositoryScript[] {
  const { setup, run, archive } = ConductorConfig.parse(JSON.parse(content)).scripts ?? {}
  const scripts: RepositoryScript[] = []
  if (setup) scripts.push(script('setup', 'Runs in each new workspace.', setup))
  if (run) scripts.push(script('service', 'The service "run".', run))
  if (archive) scripts.push(script('teardown', 'Runs before a workspace is removed.', archive))
  return scripts
}

const JsonObject = z.record(z.string(), z.unknown())

function fromMcp(content: string, script: MakeScript): RepositoryScript[] {
  const servers = Object.keys(JsonObject.parse(JsonObject.parse(JSON.parse(content)).mcpServers ?? {}))
  if (servers.length === 0) return []
  return [script('mcp_servers', `Gives the agent ${counted(servers, 'MCP server')}.`, content)]
}

/** Settings that let something run or leave, and what each does. */
const SETTINGS: Record<string, string> = {
  env: 'sets variables for the agent',
  apiKeyHelper: 'runs a program that answers the API key',
  permissions: 'allows tools without asking',
  enableAllProjectMcpServers: 'starts every MCP server of the repository',
  enabledMcpjsonServers: 'starts MCP servers of the repository',
  enabledPlugins: 'turns plugins on',
  extraKnownMarketplaces: 'adds sources of plugins',
  statusLine: 'runs a program for the status line',
  sandbox: 'changes the agent’s sandbox',
  awsAuthRefresh: 'runs a program for credentials',
  awsCredentialExport: 'runs a program for credentials',
  gcpAuthRefresh: 'runs a program for credentials',
  otelHeadersHelper: 'runs a program for telemetry headers',
}

function fromSettings(content: string, script: MakeScript): RepositoryScript[] {
  const { hooks, ...settings } = JsonObject.parse(JSON.parse(content))
  const scripts: RepositoryScript[] = []
  const events = Object.keys(JsonObject.parse(hooks ?? {}))
  if (events.length > 0)
    scripts.push(script('agent_hooks', `Runs commands on ${events.join(', ')} of the agent.`, pretty({ hooks })))
  const keys = Object.keys(settings).filter((key) => key !== '$schema')
  if (keys.length > 0) {
    const effects = new Set(keys.flatMap((key) => SETTINGS[key] ?? `sets ${key}`))
    scripts.push(script('agent_settings', `${capitalised([...effects].join(', '))}.`, pretty(settings)))
  }
  return scripts
}

function flightSummary(name: string): string {
  switch (name) {
    case '.flight/worktree-setup':
      return 'Runs in each new workspace.'
    case '.flight/run':
      return 'The service "run".'
    case '.flight/provision':
      return 'Makes a machine for a remote workspace.'
    case '.flight/connect':
      return 'Runs commands on the machine of a remote workspace.'
    case '.flight/teardown':
      return 'Removes the machine of a remote workspace.'
    case '.flight/monitor':
      return 'Tells the state of a workspace’s services, again and again.'
    default:
      return 'Belongs to the repository’s .flight scripts.'
  }
}

function agentFileSummary(name: string): string {
  const folder = name.split('/')[1] ?? ''
  const what: Record<string, string> = {
    agents: 'A sub-agent; it can bring tools and hooks of its own.',
    commands: 'A slash command; it can run commands when it is used.',
    skills: 'Part of a skill; the agent can run what it holds.',
    plugins: 'Part of a plugin; it can bring hooks and MCP servers.',
    hooks: 'A script that hooks of the agent can run.',
    workflows: 'A workflow that the agent can run.',
  }
  return what[folder] ?? 'Read by the agent.'
}

function counted(names: readonly string[], what: string): string {
  return `${names.length} ${what}${names.length === 1 ? '' : 's'}: ${names.join(', ')}`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
