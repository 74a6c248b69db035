import type { AgentProbe, ProbeExec } from '@skein/plugin-api'

/** The first version that speaks what Skein needs: permissions, plans and questions over stdio, and a receipt of messages. */
const OLDEST = [2, 1, 0] as const

/**
 * Everything in one command, since a machine may be far away. The sandbox is tried as Claude Code uses it: with it installed,
 * a kernel or a container may still forbid the namespaces that it needs.
 */
const SCRIPT = `
claude=$(command -v claude)
for known in "$HOME/.local/bin/claude" "$HOME/.claude/local/claude"; do
  [ -z "$claude" ] && [ -x "$known" ] && claude=$known
done
if [ -n "$claude" ]; then
  echo "executable=$claude"
  echo "version=$("$claude" --version 2>&1 | head -n 1)"
fi
echo "system=$(uname -s)"
command -v bwrap >/dev/null 2>&1 && echo bwrap=yes
command -v socat >/dev/null 2>&1 && echo socat=yes
bwrap --ro-bind / / --dev /dev --unshare-net --unshare-pid --proc /proc true >/dev/null 2>&1 && echo namespaces=yes
command -v sandbox-exec >/dev/null 2>&1 && echo seatbelt=yes
[ -f "\${CLAUDE_CONFIG_DIR:-$HOME/.claude}/.credentials.json" ] && echo credentials=yes
[ -n "$ANTHROPIC_API_KEY$ANTHROPIC_AUTH_TOKEN$CLAUDE_CODE_OAUTH_TOKEN" ] && echo credentials=yes
[ -n "$CLAUDE_CODE_USE_BEDROCK$CLAUDE_CODE_USE_VERTEX$CLAUDE_CODE_USE_FOUNDRY" ] && echo credentials=yes
true
`

/** Whether Claude Code can run on a machine, whether its sandbox can, and what to do about what is missing. */
export async function probe(exec: ProbeExec): Promise<AgentProbe> {
  const { stdout } = await exec(['sh', '-c', SCRIPT], { timeoutMs: 30_000 })
  const facts = new Map(stdout.split('\n').map((line) => splitOnce(line, '=')))
  const executable = facts.get('executable')
  const version = /\d+\.\d+\.\d+/.exec(facts.get('version') ?? '')?.[0]
  const sandboxAvailable =
    facts.get('system') === 'Darwin'
      ? facts.has('seatbelt')
      : facts.has('bwrap') && facts.has('socat') && facts.has('namespaces')
  return {
    found: executable !== undefined,
    ...(executable === undefined ? {} : { executable }),
    ...(version === undefined ? {} : { version }),
    sandboxAvailable,
    problems: [
      ...executableProblems(executable, version, facts.get('version')),
      ...(executable === undefined || sandboxAvailable ? [] : [sandboxProblem(facts)]),
      // On macOS the login is in the keychain, where looking would open a dialog.
      ...(executable === undefined || facts.has('credentials') || facts.get('system') === 'Darwin'
        ? []
        : [NO_CREDENTIALS]),
    ],
  }
}

type Problem = AgentProbe['problems'][number]

const NO_CREDENTIALS: Problem = {
  what: 'Claude Code is not logged in on this machine',
  remedy: 'Run `claude` there once and log in, or give a session ANTHROPIC_API_KEY.',
  severity: 'warning',
}

function executableProblems(
  executable: string | undefined,
  version: string | undefined,
  printed: string | undefined,
): Problem[] {
  if (executable === undefined)
    return [
      {
        what: 'Claude Code is not installed on this machine, or not on its PATH',
        remedy: 'Run `npm install -g @anthropic-ai/claude-code` there.',
        severity: 'error',
      },
    ]
  if (version === undefined)
    return [
      {
        what: `Claude Code (${executable}) does not start: ${printed || 'it says nothing'}`,
        remedy: `Run \`${executable} --version\` there, then install it again.`,
        severity: 'error',
      },
    ]
  if (!isOlder(version)) return []
  return [
    {
      what: `Claude Code ${version} is too old: Skein needs ${OLDEST.join('.')} or later`,
      remedy: 'Run `claude update` there.',
      severity: 'error',
    },
  ]
}

function sandboxProblem(facts: ReadonlyMap<string, string>): Problem {
  const missing = [...(facts.has('bwrap') ? [] : ['bubblewrap']), ...(facts.has('socat') ? [] : ['socat'])]
  if (facts.get('system') === 'Darwin' || missing.length === 0)
    return {
      what: 'This machine does not let Claude Code’s sandbox run, so its commands are asked one by one',
      remedy: 'Allow unprivileged user namespaces there (in a container: `--security-opt seccomp=unconfined`).',
      severity: 'warning',
    }
  return {
    what: `Claude Code’s sandbox needs ${missing.join(' and ')}; without it commands are asked one by one`,
    remedy: `Run \`apt-get install ${missing.join(' ')}\` there, or what your system has for it.`,
    severity: 'warning',
  }
}

function isOlder(version: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, least] of OLDEST.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part < least
  }
  return false
}

function splitOnce(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator)
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
