import { NODE_PLACES, SCRIPT } from './bootstrap-script.ts'
import type { NodeRelease } from './node-release.ts'

/** What the runner is to do once it is there: `attach …` or `port …`. */
export type RunnerVerb = readonly string[]

export interface Entry {
  marker: string
  /** Folders on the machine for the runner's state, in order of preference, as words of the shell (`"$HOME/…"`). */
  folders: readonly string[]
  sha256: string
  verb: RunnerVerb
  /** Takes nothing on trust that was found there before: looks for Node again, and checks the bundle. */
  verify: boolean
}

/** A marker in two parts, so that a door which repeats its command does not seem to answer. */
const [MARK_A, MARK_B] = ['@skein', ':']
export const markerOf = (random: string): string => `${MARK_A}${MARK_B}${random}`

/**
 * The one command that a door is given. Where runner and Node are in place it becomes the runner at once; else it asks for a
 * script over its stdin. It has no quotes, backslashes, exclamation marks or newlines of its own, so that it means the same to
 * every login shell, fish and csh included. `exec sh -c` leaves them behind.
 */
export function entryCommand(entry: Entry): string {
  const runner = `"$d/versions/${entry.sha256}/runner.cjs"`
  const known = [
    `for d in ${entry.folders.join(' ')}`,
    `do n=`,
    `[ -f "$d/node-path" ] && read -r n <"$d/node-path"`,
    `[ -x "$n" ] && [ -f ${runner} ] && own "$d" && exec "$n" ${runner} "$@" --dir "$d"`,
    `done`,
  ]
  return `exec /bin/sh -c '${[
    ...opening(entry.marker),
    `set -- ${entry.verb.join(' ')}`,
    // Others may have been first in a folder that everybody can write.
    `own() { set -- $(ls -ldn "$1/." 2>/dev/null)`,
    `case $1 in drwx------*) [ "$3" = "$u" ];; *) false;; esac`,
    `}`,
    ...(entry.verify ? [] : known),
    ...closing,
  ].join('; ')}'`
}

/** The command for a script that is given over stdin and needs nothing there. */
export function scriptCommand(marker: string): string {
  return `exec /bin/sh -c '${[...opening(marker), ...closing].join('; ')}'`
}

const opening = (marker: string): string[] => [
  `m=${MARK_A}`,
  `m=$m${MARK_B}${marker.slice(MARK_A.length + MARK_B.length)}`,
  `echo "$m here"`,
  `u=$(id -u)`,
]
const closing = [
  `echo "$m script"`,
  `if read -r z`,
  `then c=$(head -c "$z")`,
  `eval "$c"`,
  `else echo "$m failed input"`,
  `fi`,
]

export interface BringScript {
  random: string
  folders: readonly string[]
  bundle: { sha256: string; size: number }
  node: NodeRelease
  /** Where the host may fetch Node's packages; empty where it must not. */
  registry: string
}

/** Brings what is missing, over stdin where the host cannot get it, and becomes the runner (`bootstrap-script.ts`). */
export function bringScript(options: BringScript): string {
  const cases = Object.entries(options.node).map(
    ([platform, { name, version, sha512 }]) =>
      `${platform}) pkg=${name} ver=${version} sum=${Buffer.from(sha512, 'base64').toString('hex')};;`,
  )
  return [
    `r=${options.random} sha=${options.bundle.sha256} size=${options.bundle.size} registry=${quote(options.registry)}`,
    `release() { case $1 in ${cases.join(' ')} *) return 1;; esac; }`,
    `folders() { pick ${options.folders.join(' ')}; }`,
    `places() { for c in ${NODE_PLACES.join(' ')}; do good "$c" && return 0; done; return 1; }`,
    SCRIPT,
  ].join('\n')
}

/** One word of a POSIX shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
