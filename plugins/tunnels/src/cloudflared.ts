import { SkeinError, type TunnelProvider } from '@skein/plugin-api'
import { openProcessTunnel } from './process-tunnel.ts'
import { findProgram } from './tied-process.ts'

const INSTALL = 'Install cloudflared (https://developers.cloudflare.com/tunnel/downloads), no account is needed.'
/** Once the address was told, the connection behind it follows; a version that tells it in other words is not waited for longer. */
const CONNECT_MS = 10_000

/** A quick tunnel of Cloudflare's, by the `cloudflared` that the person has installed: a new random name each time. */
export const cloudflaredTunnels: TunnelProvider = {
  kind: 'cloudflared',
  label: 'Cloudflare quick tunnel',
  about: 'The traffic passes Cloudflare’s servers, which can read it. The address is a new one each time.',
  takesHostname: false,
  settings: [
    { name: 'program', type: 'text', about: 'The program, where it is not on the PATH.', default: 'cloudflared' },
  ],
  async available({ program }) {
    const found = findProgram(String(program ?? 'cloudflared'))
    return found
      ? { ok: true, severity: 'info', what: `${found} is there` }
      : { ok: false, severity: 'info', what: `${program ?? 'cloudflared'} is not installed`, remedy: INSTALL }
  },
  async open({ target, settings, signal }) {
    const program = findProgram(String(settings.program ?? 'cloudflared'))
    if (program === undefined)
      throw new SkeinError('missing', 'opening a tunnel: cloudflared is not installed', { next: INSTALL })
    return openProcessTunnel({
      name: 'cloudflared',
      argv: [
        program,
        'tunnel',
        // The person's own file may hold ingress rules, which would lead the quick tunnel elsewhere.
        '--config',
        '/dev/null',
        '--no-autoupdate',
        '--url',
        `http://${target.host}:${target.port}`,
      ],
      signal,
      read: quickTunnelReader(),
      tells: (line) =>
        / (ERR|WRN) |^(failed|error)/i.test(line) && !/Cannot determine default (origin cert|conf)/.test(line),
      next: () =>
        'Try again in a while: quick tunnels come without a promise. `cloudflared tunnel --url http://localhost:1` tells more.',
      keepsUrl: false,
      visitorHeader: 'cf-connecting-ip',
    })
  },
}

/** Reads the log line by line; answers the URL when a connection is registered, or soon after the URL was told. */
export function quickTunnelReader(now: () => number = Date.now): (line: string) => string | undefined {
  let url: string | undefined
  let toldAt = 0
  return (line) => {
    const [found] = /https:\/\/(?!api\.)[a-z0-9-]+\.trycloudflare\.com(?![\w.-])/.exec(line) ?? []
    if (found !== undefined && url === undefined) {
      url = found
      toldAt = now()
    }
    if (url === undefined) return undefined
    const registered = /Registered tunnel connection|Connection \S+ registered/.test(line)
    return registered || now() - toldAt > CONNECT_MS ? url : undefined
  }
}
