import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  claudeEnv,
  claudeExecutable,
  type Model,
  type Script,
  smallRepository,
  startModel,
  temporaryFolder,
} from '@skein/testkit'
import { embed, machine, type On, type RunOptions, type Skein } from 'skein'
import { type Elsewhere, type ElsewhereOptions, elsewhere } from './elsewhere.ts'

/** A folder, a repository, a scripted model, and what runs are given so that their agent, the real claude, speaks with it. */
export interface LibraryPlace extends AsyncDisposable {
  folder: string
  /** A repository of this computer. */
  repo: string
  /** For a Skein that keeps what it does. */
  home: string
  model: Model
  agent: Required<Pick<RunOptions, 'env' | 'secrets' | 'permissionMode'>>
}

export async function libraryPlace(script: Script): Promise<LibraryPlace> {
  await using parts = new AsyncDisposableStack()
  const folder = parts.use(await temporaryFolder('library', { grace: 15_000 }))
  const model = parts.use(await startModel(script))
  const user = join(folder.path, 'user')
  await mkdir(user, { mode: 0o700 })
  const repo = join(folder.path, 'repo')
  await smallRepository(repo)
  const { ANTHROPIC_API_KEY = '', ...env } = claudeEnv(model, user, {
    PATH: [dirname(claudeExecutable()), dirname(process.execPath), process.env.PATH ?? ''].join(':'),
  })
  const kept = parts.move()
  return {
    folder: folder.path,
    repo,
    home: join(folder.path, 'home'),
    model,
    agent: { env, secrets: { ANTHROPIC_API_KEY }, permissionMode: 'accept_edits' },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export interface LibraryElsewhere extends LibraryPlace {
  skein: Skein
  there: Elsewhere
  on: On
}

/** The same with a Skein that has machines beside this computer. */
export async function libraryElsewhere(
  script: Script,
  options: ElsewhereOptions & { kept?: boolean } = { lifetime: 'workspace' },
): Promise<LibraryElsewhere> {
  await using parts = new AsyncDisposableStack()
  const place = parts.use(await libraryPlace(script))
  const there = elsewhere(join(place.folder, 'machines'), options)
  parts.defer(() => there.end())
  const skein = parts.use(await embed({ plugins: [there.plugin], ...(options.kept ? { home: place.home } : {}) }))
  const kept = parts.move()
  return { ...place, there, skein, on: machine('elsewhere', 'box'), [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
