import { type MachineSetting, SkeinError } from '@skein/plugin-api'

export const SSH_SETTINGS: readonly MachineSetting[] = [
  { name: 'host', type: 'text', about: 'Host, address or alias of ssh_config; the name of the machine unless given' },
  { name: 'user', type: 'text', about: 'User to log in as' },
  { name: 'port', type: 'number', about: 'Port of sshd' },
  { name: 'identityFile', type: 'text', about: 'Key to log in with, a path on this computer' },
  { name: 'jump', type: 'text', about: 'Hosts to go through, as `ssh -J` takes them' },
  { name: 'directory', type: 'text', about: "Folder on the host for the runner's state (~/.local/state/skein/…)" },
  { name: 'options', type: 'list', about: 'More options of ssh_config, each as Key=Value' },
]

/** What of a machine's settings is about ssh. Everything else is the user's own ssh_config. */
export interface SshSettings {
  host: string
  user?: string
  port?: number
  identityFile?: string
  jump?: string
  directory?: string
  options: string[]
}

/** Options that are Skein's to set, with what they would break. */
const OURS: Record<string, string> = {
  controlmaster: 'Skein shares one connection among all that it does on the host',
  controlpath: 'Skein shares one connection among all that it does on the host',
  controlpersist: 'Skein shares one connection among all that it does on the host',
  batchmode: 'nobody could answer what ssh asks',
  remotecommand: 'Skein runs commands of its own',
  requesttty: 'a terminal would change the bytes that pass',
}

/** A machine's settings, checked. Throws `invalid` for what is wrong with them. */
export function parseSettings(name: string, settings: Record<string, unknown>): SshSettings {
  const text = (key: string): string | undefined => {
    const value = settings[key]
    if (value === undefined || value === '') return undefined
    if (typeof value !== 'string') throw wrong(key, value, 'it must be text')
    return value
  }
  const host = text('host') ?? name
  if (host === '')
    throw new SkeinError('invalid', 'an ssh host needs a name', {
      next: 'Name a host or an alias of your ssh_config: --on ssh:build-box',
    })
  const words = { host, user: text('user'), jump: text('jump') }
  for (const [key, value] of Object.entries(words)) {
    // ssh would take it for an option, or a shell for more than one word.
    if (value !== undefined && !/^[\w@%[\]:.,+][\w@%[\]:.,+-]*$/.test(value))
      throw wrong(key, value, 'letters, digits and . _ - @ : only')
  }
  const port = settings.port === undefined || settings.port === '' ? undefined : Number(settings.port)
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw wrong('port', settings.port, 'a number from 1 to 65535')
  const options = listOf(settings.options)
  for (const option of options) checkOption(option)
  return {
    host,
    options,
    ...defined({
      user: words.user,
      port,
      identityFile: text('identityFile'),
      jump: words.jump,
      directory: text('directory'),
    }),
  }
}

function checkOption(option: string): void {
  const [, key = '', value = ''] = /^\s*([A-Za-z]+)\s*[=\s]\s*(.+)$/s.exec(option) ?? []
  if (key === '' || /[\r\n\0]/.test(option)) throw wrong('options', option, 'each is Key=Value, as in ssh_config')
  const name = key.toLowerCase()
  const plain = value.trim().replaceAll('"', '').toLowerCase()
  if (name === 'stricthostkeychecking' && !['yes', 'ask', 'true'].includes(plain))
    throw wrong('options', option, 'Skein never trusts a host whose key nobody has looked at')
  if (/^(user|global)knownhostsfile$/.test(name) && /^(\/dev\/null|none)$/.test(plain) && name.startsWith('user'))
    throw wrong('options', option, 'without known hosts, whoever answers would be trusted')
  if (name === 'nohostauthenticationforlocalhost' && plain === 'yes')
    throw wrong('options', option, 'Skein never trusts a host whose key nobody has looked at')
  if (OURS[name] !== undefined) throw wrong('options', option, OURS[name])
}

function listOf(value: unknown): string[] {
  if (value === undefined || value === '') return []
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw wrong('options', value, 'a list of Key=Value')
  return list
}

function wrong(key: string, value: unknown, why: string): SkeinError {
  return new SkeinError('invalid', `an ssh host's setting ${key} cannot be ${JSON.stringify(value)}: ${why}`)
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
