import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A machine of Fly's: `--on fly`, `--on=fly:app`, `machine add fly:app`. */
const FLY = /^(--on=)?fly(:|$)/

/**
 * The server lives for days and is given no secrets by its environment, so that the token of who asks for a Fly machine lies where the
 * server finds it: below Skein's home, for its owner alone (flyctl keeps its own the same way).
 */
export function keepFlyToken(args: readonly string[], env: NodeJS.ProcessEnv, home: string): void {
  const token = env.FLY_API_TOKEN ?? env.FLY_ACCESS_TOKEN
  if (!token || !args.some((arg) => FLY.test(arg))) return
  const folder = join(home, 'fly')
  const file = join(folder, 'token')
  if (content(file) === token) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, token, { mode: 0o600 })
  renameSync(temporary, file)
}

function content(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
