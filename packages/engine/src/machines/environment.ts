import { HOME_MACHINE } from './machines.ts'

/** Says where things are on this computer, or who its user is, which is otherwise elsewhere. */
const OF_THIS_COMPUTER = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TMPDIR',
  'CLAUDE_CONFIG_DIR',
  'CLAUDE_CODE_TMPDIR',
  'GIT_CONFIG_GLOBAL',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'IS_SANDBOX',
])

/** What a session was given, as far as it means something on a machine. */
export function environmentOn(machineId: string, env: Record<string, string>): Record<string, string> {
  if (machineId === HOME_MACHINE) return env
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !OF_THIS_COMPUTER.has(name) && !name.startsWith('XDG_')),
  )
}
