import { SkeinError, type TunnelProvider } from '@skein/plugin-api'
import { openProcessTunnel } from './process-tunnel.ts'
import { findProgram } from './tied-process.ts'

/** Where a URL has `{port}`, so many ports from `remotePort` on are tried. */
const PORTS = 10
const SET = 'Set it: skein share via ssh host=HOST remotePort=9000 url=https://preview.example.org (docs/shares.md).'

/** A port of the person's own host, by `ssh -R`; a web server there ends TLS and passes the requests on. */
export const ownHostTunnels: TunnelProvider = {
  kind: 'ssh',
  label: 'Your own host, by ssh',
  about: 'The traffic passes your own host alone, where your web server ends TLS.',
  takesHostname: true,
  settings: [
    { name: 'host', type: 'text', about: 'The host, as you give it to ssh.' },
    { name: 'config', type: 'text', about: 'Another file than ssh’s own configuration.' },
    { name: 'remotePort', type: 'number', about: 'The port there that leads here.', default: 9000 },
    { name: 'bind', type: 'text', about: 'The address there that it listens at.', default: 'localhost' },
    {
      name: 'url',
      type: 'text',
      about: 'Where people reach that port: https://…; {port} in it stands for the port, of which ten are then used.',
    },
  ],
  async available(settings) {
    if (findProgram('ssh') === undefined)
      return { ok: false, severity: 'info', what: 'ssh is not installed', remedy: 'Install OpenSSH’s client.' }
    if (!settings.host || !settings.url)
      return { ok: false, severity: 'info', what: 'no host of yours is set', remedy: SET }
    return { ok: true, severity: 'info', what: `${settings.host}, at ${settings.url}` }
  },
  async open({ target, hostname, settings, signal }) {
    const { host, bind = 'localhost', remotePort = 9000 } = settings
    const url = hostname === undefined ? settings.url : `https://${hostname}`
    if (typeof host !== 'string' || host === '' || typeof url !== 'string' || url === '')
      throw new SkeinError('missing', 'opening a tunnel by ssh: no host of yours is set', { next: SET })
    if (host.startsWith('-'))
      throw new SkeinError('invalid', `opening a tunnel by ssh: ${JSON.stringify(host)} is not a host`)
    const count = url.includes('{port}') ? PORTS : 1
    for (let port = Number(remotePort); ; port++) {
      const origin = originOf(url.replaceAll('{port}', String(port)))
      try {
        return await openProcessTunnel({
          name: `ssh ${host}`,
          argv: argvFor({ host, config: settings.config, bind: String(bind), port, target }),
          signal,
          read: (line) => (isForwarded(line) ? origin : undefined),
          tells: (line) => line.trim() !== '' && !/^debug\d:|^OpenSSH_/.test(line),
          next: (told) => advice(told, host, port),
          keepsUrl: count === 1,
          visitorHeader: 'x-forwarded-for',
        })
      } catch (error) {
        const taken = error instanceof SkeinError && /remote port forwarding failed/.test(error.message)
        if (!taken || port >= Number(remotePort) + count - 1) throw error
      }
    }
  },
}

interface Forwarding {
  host: string
  config: unknown
  bind: string
  port: number
  target: { host: string; port: number }
}

function argvFor(at: Forwarding): string[] {
  const options = [
    'BatchMode=yes',
    'ExitOnForwardFailure=yes',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=2',
    'ConnectTimeout=15',
    // A master of the person's would keep the forwarding after this process has ended.
    'ControlMaster=no',
    'ControlPath=none',
    'ForwardAgent=no',
    'ForwardX11=no',
  ]
  return [
    'ssh',
    // That the port is there is told at this level alone.
    '-v',
    '-N',
    '-T',
    ...(typeof at.config === 'string' ? ['-F', at.config] : []),
    ...options.flatMap((option) => ['-o', option]),
    '-R',
    `${at.bind}:${at.port}:${at.target.host}:${at.target.port}`,
    '--',
    at.host,
  ]
}

function isForwarded(line: string): boolean {
  return /^debug1: remote forward success for: /.test(line) || /^Allocated port \d+ for remote forward/.test(line)
}

/** Throws where people's requests would go unencrypted. */
function originOf(text: string): string {
  const url = URL.parse(text)
  const here = url && (/^(localhost|127\.0\.0\.1)$/.test(url.hostname) || url.hostname.endsWith('.localhost'))
  if (url && (url.protocol === 'https:' || (here && url.protocol === 'http:'))) return url.origin
  throw new SkeinError(
    'invalid',
    `${JSON.stringify(text)} is no address to send to people: it has to begin with https://`,
    {
      next: SET,
    },
  )
}

function advice(told: string, host: string, port: number): string {
  if (/remote port forwarding failed/.test(told))
    return `Another program on ${host} has port ${port}: set another remotePort, or a url with {port}.`
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION/.test(told))
    return `Look at its key yourself: ssh ${host}`
  return `See whether you get there: ssh ${host} true`
}
