import { PermissionMode, SkeinError } from '@skein/protocol'
import * as z from 'zod'

const Command = z.string().trim().min(1)
const Name = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$/, 'a name has letters, digits, "-" and "_"')

const CheckConfig = z.strictObject({
  /** Run by `sh -ec` in the workspace; the exit code is the verdict. */
  run: Command,
  /** Seconds; 600 when absent. */
  timeout: z.number().positive().max(86_400).optional(),
  /** Run after each turn that changed something. */
  afterTurn: z.boolean().optional(),
  /** A failure is sent to the agent by itself, so often in a row; never when absent. */
  fixRounds: z.number().int().min(0).max(10).optional(),
})

const ServiceConfig = z.strictObject({
  /** Run by `sh -ec` in the workspace, until it is stopped. */
  run: Command,
  /** Which of the workspace's ten ports it listens on: 0 is `SKEIN_PORT`, 9 is `SKEIN_PORT_9`. */
  port: z.number().int().min(0).max(9).optional(),
  /** Asked for by GET once the port answers; it is well while the answer is below 400. */
  health: z.string().startsWith('/').optional(),
  /** Started once, when the workspace is ready. */
  autostart: z.boolean().optional(),
})

/** A command alone stands for its object. */
const orCommand = <T extends z.ZodType>(config: T) =>
  z.preprocess((value) => (typeof value === 'string' ? { run: value } : value), config)

const AgentConfig = z.strictObject({
  /** Which agent, e.g. `claude`. */
  agent: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  effort: z.string().min(1).optional(),
  /** A repository cannot ask for `bypass`. */
  permissionMode: PermissionMode.exclude(['bypass']).optional(),
})

/** `skein.json` at a repository's root: what its workspaces need. Reference: `docs/configuration.md`. */
export const SkeinConfig = z.strictObject({
  /** For editors. */
  $schema: z.string().optional(),
  /** Run by `sh -ec` in each new workspace before its first agent starts. */
  setup: Command.optional(),
  /** Run by `sh -ec` in a workspace before it is removed. */
  teardown: Command.optional(),
  /** Commands that say whether the work is right, by name. */
  checks: z.record(Name, orCommand(CheckConfig)).optional(),
  /** Programs that a workspace can run, by name. */
  services: z.record(Name, orCommand(ServiceConfig)).optional(),
  /** Ignored files that every workspace gets, in gitignore's syntax; in addition to `.worktreeinclude`. */
  include: z.array(z.string().min(1)).optional(),
  /** Work trees that are kept ready. */
  pool: z.number().int().min(0).max(10).optional(),
  /** Variables for scripts and agents. Not for secrets: the file is committed. */
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not a variable name'), z.string()).optional(),
  /** Defaults for sessions in this repository. */
  agent: AgentConfig.optional(),
})
export type SkeinConfig = z.infer<typeof SkeinConfig>

/** The part of `conductor.json` that Skein reads. */
export const ConductorConfig = z.looseObject({
  scripts: z
    .looseObject({ setup: z.string().optional(), run: z.string().optional(), archive: z.string().optional() })
    .optional(),
})
export type ConductorConfig = z.infer<typeof ConductorConfig>

/** The setup script of a repository, ready to be run in a workspace. */
export interface Setup {
  /** The file that it comes from. */
  source: string
  /** Where it begins with `zsh` and there is none, `sh` takes the same arguments. */
  argv: string[]
  stdin?: string
  /** From `skein.json`'s `env`. */
  env: Record<string, string>
}

/** Parses `skein.json`; what is wrong with it is told with its place and, for a mistyped key, the nearest one. */
export function parseSkeinConfig(text: string): SkeinConfig {
  const parsed = SkeinConfig.safeParse(parseJson(text, 'skein.json'))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(explain)
  throw new SkeinError('invalid', `Reading skein.json: ${problems.join('; ')}`, {
    next: 'Correct the file. All keys are listed in docs/configuration.md.',
    details: { problems },
  })
}

/**
 * Which setup script a repository has: `skein.json`'s, else `.flight/worktree-setup`, else `conductor.json`'s; null when none.
 * `read` answers a file's text, or null where there is none.
 */
export async function resolveSetup(read: (path: string) => Promise<string | null>): Promise<Setup | null> {
  const text = await read('skein.json')
  const { setup, env = {} } = text === null ? {} : parseSkeinConfig(text)
  if (setup !== undefined) return { source: 'skein.json', argv: ['sh', '-ec', setup], env }

  // As Flight runs it: the text through the shell's input, whatever its first line and mode say.
  const flight = await read('.flight/worktree-setup')
  if (flight !== null && flight.trim() !== '')
    return { source: '.flight/worktree-setup', argv: ['zsh', '-s'], stdin: `exec 2>&1\n${flight}`, env }

  const conductor = await conductorSetup(await read('conductor.json'))
  if (conductor !== undefined) return { source: 'conductor.json', argv: ['zsh', '-c', conductor], env }
  return null
}

function conductorSetup(text: string | null): string | undefined {
  return parseConductorConfig(text).scripts?.setup?.trim() || undefined
}

/** Parses `conductor.json`; what is wrong with it is told with its place. */
export function parseConductorConfig(text: string | null): ConductorConfig {
  if (text === null) return {}
  const parsed = ConductorConfig.safeParse(parseJson(text, 'conductor.json'))
  if (!parsed.success)
    throw new SkeinError('invalid', `Reading conductor.json: ${parsed.error.issues.map(explain).join('; ')}`)
  return parsed.data
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SkeinError(
      'invalid',
      `Reading ${file}: it is not JSON (${error instanceof Error ? error.message : error})`,
      {
        next: `Correct ${file}; comments and trailing commas are not JSON.`,
        cause: error,
      },
    )
  }
}

function explain(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  if (issue.code !== 'unrecognized_keys') return `${place}${issue.message}`
  const known = keysAt(issue.path)
  return issue.keys
    .map((key) => {
      const nearest = nearestOf(key, known)
      return `${place}there is no key "${key}"${nearest === undefined ? `, only ${known.join(', ')}` : `; did you mean "${nearest}"?`}`
    })
    .join('; ')
}

/** The keys of the object at that place. */
function keysAt([first]: readonly PropertyKey[]): string[] {
  const shapes = { checks: CheckConfig.shape, services: ServiceConfig.shape, agent: AgentConfig.shape }
  const inner = Object.entries(shapes).find(([name]) => name === first)?.[1]
  return Object.keys(inner ?? SkeinConfig.shape)
}

function nearestOf(key: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance)
  return nearest?.name
}

/** Insertions, deletions, and replacements that make one word of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
