import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'

/** The file that a command's name stands for, as `execvp` finds it; undefined when there is none. */
export function findExecutable(name: string, path: string | undefined, cwd: string): string | undefined {
  if (name.includes('/')) return isExecutable(resolve(cwd, name)) ? resolve(cwd, name) : undefined
  for (const folder of (path ?? DEFAULT_PATH).split(delimiter)) {
    const candidate = join(resolve(cwd, folder), name)
    if (isExecutable(candidate)) return candidate
  }
  return undefined
}

/** Why a command cannot be started there, in words; undefined when nothing speaks against it. */
export function whyNotStartable(name: string, path: string | undefined, cwd: string): string | undefined {
  if (!existsSync(cwd)) return `the folder ${cwd} does not exist`
  if (!statSync(cwd).isDirectory()) return `${cwd} is not a folder`
  if (findExecutable(name, path, cwd)) return undefined
  if (!name.includes('/')) return `${name} was not found on PATH (${path ?? DEFAULT_PATH})`
  return existsSync(resolve(cwd, name)) ? `${name} is not executable` : `${name} does not exist`
}

/** One of the system's own commands, wherever this system keeps it. */
export function systemCommand(name: string): string {
  return findExecutable(name, `/bin:/usr/bin:${process.env.PATH ?? ''}`, '/') ?? name
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
