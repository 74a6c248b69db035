import { NETWORK_VARIABLES } from '@skein/protocol'

/** What git may see of the runner's own environment: where things are and how the network is reached. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', ...NETWORK_VARIABLES]

/** The environment of every git: no `GIT_*` of the caller, nothing that asks at a terminal, messages in English. */
export function gitEnvironment(writes: boolean): Record<string, string> {
  const env: Record<string, string> = {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ADVICE: '0',
    GIT_EDITOR: 'true',
    // ssh must not ask at a terminal that the runner may have been started from.
    SSH_ASKPASS: 'false',
    SSH_ASKPASS_REQUIRE: 'force',
  }
  if (!writes) env.GIT_OPTIONAL_LOCKS = '0'
  for (const name of PASSED_ON) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

const ALWAYS = settings({
  'gc.auto': '0',
  'maintenance.auto': 'false',
  // A daemon a work tree would outlive the work tree.
  'core.fsmonitor': 'false',
  'core.splitIndex': 'false',
  'core.quotePath': 'true',
  'advice.detachedHead': 'false',
  'advice.addEmbeddedRepo': 'false',
  'advice.addIgnoredFile': 'false',
  'advice.updateSparsePath': 'false',
  // git 2.48 can write relative links between a work tree and its repository; we move the work tree.
  'worktree.useRelativePaths': 'false',
})
const WITHOUT_HOOKS = settings({ 'core.hooksPath': '/dev/null' })

/** The settings that stand before every git command. */
export function gitSettings(hooks: boolean): readonly string[] {
  return hooks ? ALWAYS : [...ALWAYS, ...WITHOUT_HOOKS]
}

function settings(values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
