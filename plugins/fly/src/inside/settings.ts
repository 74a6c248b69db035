import { userInfo } from 'node:os'
import { join } from 'node:path'

/** What the door is told, by its environment. Nothing of it is secret. */
export interface DoorSettings {
  /** Fly's id of this machine. */
  machine: string
  /** Who may enter: the public half of the owner's key. */
  publicKey: string
  /** Stands in the line that tells of the end. */
  nonce: string
  port: number
  /** Who commands run as; undefined: who the door runs as. */
  user: { uid: number; gid: number } | undefined
  home: string
  /** The runner's folder. */
  runnerFolder: string
  /** A volume's mount point, given to the user. */
  mount: string | undefined
  /** The owner's address, where machines call instead of being called, and what they are known by. */
  dial: { url: string; secret: string } | undefined
  graceMs: number
  /** How often the switch is looked at. */
  lookMs: number
  /** How long what runs may take to end. */
  endMs: number
  /** Of what commands get. */
  environment: Record<string, string>
}

export const DOOR_PORT = 7337
const OWN = /^SKEIN_(DOOR|DIAL)_/

/** Throws an error that names the variable. */
export function doorSettings(env: Record<string, string | undefined>): DoorSettings {
  const needed = (name: string): string => {
    const value = env[name]
    if (value) return value
    throw new Error(`${name} is not set: this image is started by Skein`)
  }
  const [uid, gid] = (env.SKEIN_DOOR_USER ?? '').split(':').map(Number)
  const isRoot = process.getuid?.() === 0
  const user = isRoot && uid !== undefined && uid > 0 ? { uid, gid: gid ?? uid } : undefined
  const home = env.SKEIN_DOOR_HOME ?? (user ? '/home/skein' : userHome(env))
  const runnerFolder = (env.SKEIN_DOOR_RUNNER ?? '~/.skein').replace(/^~(?=\/|$)/, home)
  return {
    machine: needed('FLY_MACHINE_ID'),
    publicKey: needed('SKEIN_DOOR_KEY'),
    nonce: env.SKEIN_DOOR_NONCE ?? '',
    port: Number(env.SKEIN_DOOR_PORT ?? DOOR_PORT),
    user,
    home,
    runnerFolder,
    mount: env.SKEIN_DOOR_MOUNT,
    dial: env.SKEIN_DOOR_DIAL
      ? { url: env.SKEIN_DOOR_DIAL, secret: needed(env.SKEIN_DOOR_DIAL_SECRET ?? 'SKEIN_DOOR_DIAL_SECRET') }
      : undefined,
    graceMs: Number(env.SKEIN_DOOR_GRACE_MS ?? 600_000),
    lookMs: Number(env.SKEIN_DOOR_LOOK_MS ?? 5000),
    endMs: Number(env.SKEIN_DOOR_END_MS ?? 10_000),
    environment: {
      ...Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) =>
          value === undefined || OWN.test(name) ? [] : [[name, value] as const],
        ),
      ),
      PATH: env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: home,
      ...(user ? { USER: 'skein', LOGNAME: 'skein' } : {}),
      SHELL: env.SHELL ?? '/bin/sh',
    },
  }
}

function userHome(env: Record<string, string | undefined>): string {
  return env.HOME && env.HOME !== '/' ? env.HOME : (safeHome() ?? join('/', 'root'))
}

function safeHome(): string | undefined {
  try {
    return userInfo().homedir
  } catch {
    return undefined
  }
}
