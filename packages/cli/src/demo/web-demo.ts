import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { claudeEnv, demo, type Model, makeDemoProject, NATURAL_PACE, startModel } from '@skein/testkit'
import type { DemoProject } from 'skein'
import { pinnedClaude } from './stage.ts'

export interface WebDemo extends DemoProject, AsyncDisposable {
  /** Starts the model if it was used before: an agent may have outlived the server that had it. */
  resume(): Promise<void>
}

/**
 * The demo of the web app: the project `orbit` below Skein's home, and a scripted model in this process that its agents speak
 * with. Both are made when somebody asks for them; `env` is the server's own.
 */
export function webDemo(home: string, env: NodeJS.ProcessEnv): WebDemo {
  const folder = join(home, 'demo')
  const portFile = join(folder, 'model-port')
  let model: Promise<Model> | undefined
  const theModel = () => {
    model ??= startAgain(portFile)
    return model
  }
  return {
    async resume() {
      if (existsSync(portFile)) await theModel()
    },
    async prepare() {
      const path = join(folder, 'orbit')
      if (!existsSync(path)) {
        const making = `${path}.making`
        await rm(making, { recursive: true, force: true })
        await mkdir(folder, { recursive: true })
        await makeDemoProject(making)
        await rename(making, path)
      }
      return { path }
    },
    async environment() {
      const claudeHome = join(folder, 'home')
      await mkdir(claudeHome, { recursive: true, mode: 0o700 })
      const { ANTHROPIC_API_KEY = '', ...rest } = claudeEnv(await theModel(), claudeHome)
      const path = [...pinnedClaude(), dirname(process.execPath), env.PATH ?? ''].join(delimiter)
      return { env: { ...rest, PATH: path }, secrets: { ANTHROPIC_API_KEY } }
    },
    async [Symbol.asyncDispose]() {
      await (await model)?.[Symbol.asyncDispose]()
    },
  }
}

/** At the port where it was before: an agent that outlived the server finds its model again. */
async function startAgain(portFile: string): Promise<Model> {
  const kept = Number(await readFile(portFile, 'utf8').catch(() => '0')) || 0
  const start = (port: number) => startModel(demo, { ...NATURAL_PACE, port, keep: 50 })
  const model = await start(kept).catch(() => start(0))
  await mkdir(dirname(portFile), { recursive: true })
  await writeFile(portFile, new URL(model.url).port)
  return model
}
