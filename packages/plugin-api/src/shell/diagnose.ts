import type { Diagnosis } from '../machine.ts'

const ENOUGH_DISK_KB = 2 * 1024 * 1024
const SKEW_S = 60

/** Says `<marker> fact <name> <value>` for what it finds, and `end`. Given: `m`. */
export const PROBE = `
fact() { printf '%s fact %s\\n' "$m" "$(printf '%s ' "$@" | tr '\\n\\t\\r' '   ' | cut -c 1-300)"; }
first() { sed -n 1p; }
within() { if command -v timeout >/dev/null 2>&1; then timeout -k 1 "$@"; else shift; "$@"; fi </dev/null 2>/dev/null; }
version() { command -v "$1" >/dev/null 2>&1 && fact "$1" "$(within 5 "$1" --version | first)"; }
fact time "$(date +%s)"
fact os "$(uname -srm)"
fact user "$(id -un)"
l=$(getconf GNU_LIBC_VERSION 2>/dev/null) || for p in /lib/ld-musl-*; do [ -e "$p" ] && l=musl; done
fact libc "$l"
version git
version node
version claude
version bwrap
version socat
h=$SHELL; [ -x "$h" ] || h=/bin/sh
for p in node claude; do
  fact "login-$p" "$(within 8 "$h" -lc "$p --version" | tail -n 1)"
done
set -- $(df -Pk "$HOME" 2>/dev/null | tail -n 1)
fact disk "$4"
[ -w "$HOME" ] && fact home writable
grep -qs '^ *KillUserProcesses *= *yes' /etc/systemd/logind.conf /etc/systemd/logind.conf.d/*.conf &&
  [ ! -e "/var/lib/systemd/linger/$(id -un)" ] && fact killed at-logout
printf '%s end\\n' "$m"
`

/** What the probe's answers mean. `asked`: this computer's clock before and after, milliseconds. */
export function diagnosesOf(answers: Map<string, string>, asked: { from: number; to: number }): Diagnosis[] {
  const answer = (name: string) => answers.get(name)?.trim() ?? ''
  const good = (what: string): Diagnosis => ({ ok: true, severity: 'info', what })
  const bad = (severity: Diagnosis['severity'], what: string, remedy: string): Diagnosis => ({
    ok: false,
    severity,
    what,
    remedy,
  })
  const libc = answer('libc')
  const found = [good(`${answer('os')}${libc === '' ? '' : `, ${libc}`}, as ${answer('user')}`)]

  found.push(
    answer('git') === ''
      ? bad('error', 'git is not there', 'Install git on the machine: workspaces are made with it.')
      : good(answer('git')),
  )
  found.push(nodeDiagnosis(answer('node') || answer('login-node'), libc))
  found.push(
    answer('claude') === '' && answer('login-claude') === ''
      ? bad(
          'warning',
          'Claude Code is not there',
          'Install it on the machine: npm install -g @anthropic-ai/claude-code',
        )
      : good(`claude ${answer('claude') || answer('login-claude')}`),
  )
  for (const [program, pack] of [
    ['bwrap', 'bubblewrap'],
    ['socat', 'socat'],
  ] as const) {
    if (answer(program) === '' && answer('os').startsWith('Linux'))
      found.push(bad('warning', `${program} is not there: agents run without their sandbox`, `Install ${pack}.`))
  }
  if (answer('home') !== 'writable')
    found.push(
      bad('warning', 'the home folder cannot be written', 'Make it writable, or set `directory` for the runner.'),
    )
  if (answer('killed') !== '')
    found.push(bad('warning', 'it ends all processes of a user who logs out', 'Run there once: loginctl enable-linger'))
  const free = Number(answer('disk'))
  if (answer('disk') !== '')
    found.push(
      free < ENOUGH_DISK_KB
        ? bad('warning', `${Math.round(free / 1024)} MB of disk are free`, 'Free some space: work trees need it.')
        : good(`${Math.round(free / 1024 / 1024)} GB of disk are free`),
    )
  const skew = clockSkew(Number(answer('time')), asked)
  if (skew !== undefined)
    found.push(bad('warning', `its clock is ${skew} s off this computer's`, 'Set the clock (timedatectl, chrony).'))
  return found
}

function nodeDiagnosis(version: string, libc: string): Diagnosis {
  if (Number.parseInt(version.replace(/^v/, ''), 10) >= 20)
    return { ok: true, severity: 'info', what: `Node ${version}` }
  const what = version === '' ? 'Node is not there' : `Node is too old: ${version}`
  const glibc = /^glibc 2\.(\d+)/.exec(libc)?.[1]
  if (libc === 'musl' || (glibc !== undefined && Number(glibc) < 28))
    return {
      ok: false,
      severity: 'error',
      what: `${what}, and for ${libc} Skein cannot bring it`,
      remedy: 'Install Node 20 or later.',
    }
  return { ok: true, severity: 'info', what: `${what}; Skein brings its own` }
}

/** Whole seconds; undefined when the clocks agree as far as can be told. */
function clockSkew(there: number, asked: { from: number; to: number }): number | undefined {
  if (!Number.isFinite(there) || there === 0) return undefined
  const before = asked.from / 1000 - there
  const after = there - asked.to / 1000
  const off = Math.max(before, after)
  return off > SKEW_S ? Math.round(off) : undefined
}
