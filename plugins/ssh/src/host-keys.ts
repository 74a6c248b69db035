import { execFile } from 'node:child_process'
import { SkeinError } from '@skein/plugin-api'
import { explainSsh } from './failure.ts'
import { type SshLink, sshEnvironment } from './link.ts'

const ASK_MS = 20_000

/** Adds to an error what a person needs to decide: the reason that ssh kept to itself, the fingerprint, the command. */
export async function tellMore(error: SkeinError, link: SshLink, name: string): Promise<SkeinError> {
  switch (error.details?.reason) {
    case 'closed': {
      // What a jump host's ssh says is thrown away when the connection is shared.
      if (!error.message.includes('UNKNOWN port')) return error
      const said = (await output(link.verbose())).replaceAll(/^debug\d:.*\n/gm, '')
      const reason = explainSsh(name, link.typed, { code: 255, signal: null, stderr: said, stdout: '' })
      return reason === undefined || reason.details?.reason === 'closed' ? error : await tellMore(reason, link, name)
    }
    case 'host_key_unknown': {
      const key = await offeredKey(link)
      return withMore(error, {
        message: key === undefined ? error.message : `${error.message}\nIt shows ${key}`,
        next: `Compare that fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub there), then run this once and accept it: ${link.typed}`,
        details: { fingerprint: key },
      })
    }
    case 'host_key_changed': {
      const key = await offeredKey(link)
      return withMore(error, {
        message: key === undefined ? error.message : `${error.message}\nIt shows ${key}`,
        next: `Find out why before you do anything else. Only if you know that the host was set up anew: remove the old key with ${removal(error.message)}, then run: ${link.typed}`,
        details: { fingerprint: key },
      })
    }
    case 'unknown_host':
      if (await isKnown(link)) return error
      return withMore(error, { code: 'invalid' })
    default:
      return error
  }
}

function withMore(
  error: SkeinError,
  more: { code?: SkeinError['code']; message?: string; next?: string; details?: Record<string, unknown> },
): SkeinError {
  return new SkeinError(more.code ?? error.code, more.message ?? error.message, {
    next: more.next ?? error.next,
    details: { ...error.details, ...more.details },
    cause: error,
  })
}

/** ssh names the file and line of the key that does not fit. */
function removal(message: string): string {
  const [, file, line] = /Offending \S+ key in (.+):(\d+)/.exec(message) ?? []
  return file === undefined ? 'ssh-keygen -R HOST' : `sed -i ${line}d ${file}`
}

/** "ED25519 SHA256:…" of the host that was not accepted, be it a jump host. */
async function offeredKey(link: SshLink): Promise<string | undefined> {
  const said = await output(link.verbose())
  const keys = [...said.matchAll(/Server host key: (\S+) (SHA256:\S+)/g)]
  const last = keys.at(-1)
  return last === undefined ? undefined : `${last[1]} ${last[2]}`
}

/** Whether this computer ever was there: then the name is right, and the network is not. A dot means a real name. */
async function isKnown(link: SshLink): Promise<boolean> {
  const configuration = await output(link.configuration)
  const value = (key: string) => new RegExp(`^${key} (.+)$`, 'm').exec(configuration)?.[1] ?? ''
  const host = value('hostname')
  if (host !== link.settings.host || host.includes('.') || link.settings.jump !== undefined) return true
  const port = value('port')
  const name = value('hostkeyalias') || (port === '' || port === '22' ? host : `[${host}]:${port}`)
  for (const file of value('userknownhostsfile').split(/\s+/)) {
    const found = await output(['ssh-keygen', '-F', name, '-f', file.replace(/^~/, process.env.HOME ?? '~')])
    if (found.includes('found')) return true
  }
  return false
}

/** Everything that a program writes, whatever its end. */
function output(argv: readonly string[]): Promise<string> {
  const [program = '', ...args] = argv
  return new Promise((resolve) => {
    const options = { timeout: ASK_MS, killSignal: 'SIGKILL' as const, env: sshEnvironment() }
    const child = execFile(program, args, options, (_error, stdout, stderr) => resolve(stdout + stderr))
    child.stdin?.end()
  })
}
