import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A browser that is starting has read the page by then. */
const PAGE_MS = 30_000

/**
 * Shows a one-time link in the person's browser, if there is one. The link goes through a page that only its owner can read,
 * since the arguments of a process can be read by everybody on this computer.
 *
 * @returns how to take the page away; undefined where there is no browser to start
 */
export function openBrowser(link: string, home: string, env: NodeJS.ProcessEnv): (() => void) | undefined {
  const [command, ...args] = browserCommand(env)
  if (command === undefined) return undefined
  const folder = join(home, 'links')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const page = join(folder, `open-${process.pid}.html`)
  writeFileSync(page, redirectTo(link), { mode: 0o600 })
  const remove = () => rmSync(page, { force: true })
  const child = spawn(command, [...args, pathToFileURL(page).href], { detached: true, stdio: 'ignore' })
  // The link is printed as well: a browser that cannot be started is no error.
  child.on('error', remove)
  child.unref()
  setTimeout(remove, PAGE_MS).unref()
  return remove
}

/** `$BROWSER`, or what the system has for opening things; nothing where there is no screen. */
function browserCommand(env: NodeJS.ProcessEnv): string[] {
  if (env.BROWSER === 'none') return []
  if (env.BROWSER) return env.BROWSER.split(' ').filter((word) => word !== '')
  if (process.platform === 'darwin') return ['open']
  if (env.WSL_DISTRO_NAME) return ['wslview']
  if (env.SSH_CONNECTION && !env.DISPLAY) return []
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : []
}

function redirectTo(link: string): string {
  const url = link.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Skein</title><meta http-equiv="refresh" content="0;url=${url}"><a href="${url}">Open Skein</a>\n`
}
