/**
 * The shell program around each process. It outlives the runner and every signal but KILL, so that the exit status is always
 * written down. Everything of the caller's comes as a positional parameter.
 *
 * It starts nothing before it has read `go` on its stdin. The runner says that only after it wrote down who the wrapper is: a
 * runner that died before leaves a wrapper that reads the end of the stream and ends; one that died after is succeeded by one
 * that finds the wrapper. So no epoch is ever started twice, and none is lost.
 */
export function wrapperScript(kind: 'lines' | 'script', secretFds: string[]): string {
  const redirect =
    kind === 'lines'
      ? '0<>"$dir/in.$epoch" >>"$dir/out.$epoch.ndjson" 2>>"$dir/err.$epoch.log"'
      : '0<"$dir/stdin.$epoch" >>"$dir/out.$epoch.ndjson" 2>&1'
  return `
${TRAP}
read -r go || exit 0
dir=$1 epoch=$2 starter=$3 cat=$4
shift 4
exec </dev/null
${withSecrets(secretFds, `/bin/sh -c "$starter" ${STARTER_NAME} "$dir" "$epoch" "$@"`, redirect)}
printf '%s\\n' "$?" 1<>"$dir/status.$epoch"
`
}

/** A handler, where ignoring would be inherited: the agent itself gets each signal's default. */
const TRAP = 'trap : HUP INT QUIT TERM USR1 USR2 ALRM'

/** What the starter's own complaints begin with on stderr. */
export const STARTER_NAME = 'skein-start'

/** Becomes the agent, after it wrote down its pid: an epoch without one never started. */
export const STARTER = `printf '%s\\n' "$$" 1<>"$1/pid.$2"; shift 2; exec "$@"`

/** Copies a file into a FIFO, and writes down that it begins and that all of it went. Waits for `go` as the wrapper does. */
export const WRITER = `read -r go || exit 0; printf 'begun\\n' 1<>"$4"; "$1" <"$2" >"$3" && printf 'done\\n' 1<>"$4"`

/**
 * Each secret comes in on the descriptor it is for, as a socket, and is put into a real pipe, because agents open `/dev/fd/3`,
 * which sockets refuse.
 */
function withSecrets(fds: string[], command: string, redirect: string): string {
  if (fds.length === 0) return `${command} ${redirect}`
  const [fd, ...rest] = fds
  if (rest.length === 0) return `"$cat" <&${fd} | exec ${command} ${fd}<&0 ${redirect}`
  return `"$cat" <&${fd} | { ${TRAP}; exec ${fd}<&0; ${withSecrets(rest, command, redirect)}; }`
}
