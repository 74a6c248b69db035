import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SkeinError, type TunnelContext, type TunnelProvider } from '@skein/plugin-api'

const MODULE = '@ngrok/ngrok'
const LOG_IN = 'Log in: ngrok config add-authtoken TOKEN, or set NGROK_AUTHTOKEN where the server is started.'

/** The part of the module that is used; https://github.com/ngrok/ngrok-javascript. */
interface Ngrok {
  forward(options: {
    addr: string
    authtoken: string
    domain?: string
  }): Promise<{ url(): string | null; close(): Promise<void> }>
}

/** Tunnels of ngrok's, by `@ngrok/ngrok` where the person has installed it. They end with this process. */
export const ngrokTunnels: TunnelProvider = {
  kind: 'ngrok',
  label: 'ngrok',
  about: 'The traffic passes ngrok’s servers, which can read it. It needs an account.',
  takesHostname: true,
  settings: [],
  async available(_settings, context) {
    if (findModule(context) === undefined)
      return { ok: false, severity: 'info', what: `${MODULE} is not installed`, remedy: installIt(context) }
    if (authtoken() === undefined)
      return { ok: false, severity: 'info', what: 'ngrok has no authtoken here', remedy: LOG_IN }
    return { ok: true, severity: 'info', what: `${MODULE} is there, and an authtoken` }
  },
  async open({ target, hostname, signal }, context) {
    const ngrok = await load(context)
    const token = authtoken()
    if (token === undefined)
      throw new SkeinError('missing', 'opening a tunnel with ngrok: there is no authtoken', { next: LOG_IN })
    signal.throwIfAborted()
    const over = Promise.withResolvers<string>()
    const opening = ngrok.forward({
      addr: `${target.host}:${target.port}`,
      authtoken: token,
      ...(hostname === undefined ? {} : { domain: hostname }),
    })
    const onAbort = () => over.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const listener = await Promise.race([opening, over.promise.then(() => opening)])
      const url = listener.url()
      if (url === null) throw new Error('it told no address')
      const ended = Promise.withResolvers<string>()
      return {
        url: new URL(url).origin,
        keepsUrl: hostname !== undefined,
        visitorHeader: 'x-forwarded-for',
        ended: ended.promise,
        async close() {
          await listener.close().catch(() => undefined)
          ended.resolve('ngrok: it was closed')
        },
      }
    } catch (error) {
      // One that comes after all is closed again.
      opening.then((listener) => listener.close()).catch(() => undefined)
      const why = (error instanceof Error ? error.message : String(error)).replaceAll(token, '…')
      throw new SkeinError(signal.aborted ? 'cancelled' : 'unavailable', `opening a tunnel with ngrok: ${why}`, {
        next: 'See https://dashboard.ngrok.com: one free account has few tunnels at a time.',
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  },
}

function installIt({ home }: TunnelContext): string {
  return `Install it for Skein: npm install --prefix ${home} ${MODULE}`
}

/** Where the module is: beside Skein, or in its home. */
function findModule({ home }: TunnelContext): string | undefined {
  for (const from of [import.meta.url, join(home, 'package.json')]) {
    try {
      return createRequire(from).resolve(MODULE)
    } catch {
      // Not there.
    }
  }
  return undefined
}

async function load(context: TunnelContext): Promise<Ngrok> {
  const path = findModule(context)
  if (path === undefined)
    throw new SkeinError('missing', `opening a tunnel: ${MODULE} is not installed`, { next: installIt(context) })
  const loaded = (await import(pathToFileURL(path).href)) as Partial<Ngrok> & { default?: Partial<Ngrok> }
  const ngrok = loaded.forward ? loaded : loaded.default
  if (!ngrok?.forward)
    throw new SkeinError('missing', `${path} is not the ${MODULE} that Skein knows`, { next: installIt(context) })
  return ngrok as Ngrok
}

/** As ngrok's own tools keep it. */
function authtoken(): string | undefined {
  if (process.env.NGROK_AUTHTOKEN) return process.env.NGROK_AUTHTOKEN
  const home = homedir()
  const files = [
    join(process.env.XDG_CONFIG_HOME ?? join(home, '.config'), 'ngrok', 'ngrok.yml'),
    join(home, 'Library', 'Application Support', 'ngrok', 'ngrok.yml'),
    join(home, '.ngrok2', 'ngrok.yml'),
  ]
  for (const file of files) {
    const found = existsSync(file) && /^\s*authtoken:\s*["']?([\w-]+)["']?\s*$/m.exec(readFileSync(file, 'utf8'))
    if (found) return found[1]
  }
  return undefined
}
