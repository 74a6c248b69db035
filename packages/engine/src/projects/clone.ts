import { rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { type ApiParams, NETWORK_VARIABLES, type ProcessExit, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { HOME_MACHINE } from '../machines/machines.ts'
import type { CloneTable } from '../store/schema-web.ts'
import { CloneProgress } from './clone-progress.ts'
import { cloneSource } from './clone-url.ts'
import { openProject, type ProjectRow } from './projects.ts'

const LIMIT_MS = 6 * 3_600_000

const processOf = (key: string) => `clone-${shortId('', key)}`

/**
 * Clones a repository beside where it is to be, and moves it there when it is whole. It is a process of the runner, written down
 * before it starts: a server that dies meanwhile finds it again, and what was cut off is taken away.
 */
export async function cloneProject(
  context: EngineContext,
  { key, url, path }: ApiParams<'projects.clone'>,
): Promise<ProjectRow> {
  const { password, ...source } = cloneSource(url)
  if (password !== undefined) context.redactor.add(password)
  if (path !== undefined && !isAbsolute(path))
    throw new SkeinError('invalid', `cloning to ${path}: it is not a whole path`)
  const runner = await context.machines.runner(await context.machines.ensure(HOME_MACHINE))
  const target = resolve(path ?? join(homedir(), source.name))
  const known = await cloneRow(context, key)
  // One that failed may be tried again.
  if (known?.state === 'done') return openProject(context, known.path)
  if (known?.state !== 'running') {
    await expectFree(runner, target)
    const row: CloneTable = {
      key,
      url: source.url,
      username: source.username ?? null,
      password_sealed: password === undefined ? null : context.vault.seal(password, `clone:${key}`),
      path: target,
      folder: join(dirname(target), `.skein-clone-${shortId('', key)}`),
      state: 'running',
      problem: null,
      created_at: context.clock.now(),
    }
    await runner.call('process.forget', { id: processOf(key) }).catch(() => undefined)
    await context.db
      .insertInto('clones')
      .values(row)
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
      .execute()
  }
  return carryOn(context, key)
}

/** Ends a clone that is under way; what was made of it goes. */
export async function cancelClone(context: EngineContext, cloneKey: string): Promise<boolean> {
  const cancelled = await context.db
    .updateTable('clones')
    .set({ state: 'cancelled', password_sealed: null })
    .where('key', '=', cloneKey)
    .where('state', '=', 'running')
    .returning(['folder'])
    .executeTakeFirst()
  if (!cancelled) return false
  const runner = await context.machines.runner(HOME_MACHINE)
  await runner.call('process.stop', { id: processOf(cloneKey), graceMs: 1000 })
  await rm(cancelled.folder, { recursive: true, force: true })
  return true
}

/** Takes up the clones that were under way when the server ended. */
export async function resumeClones(context: EngineContext): Promise<void> {
  const rows = await context.db.selectFrom('clones').select('key').where('state', '=', 'running').execute()
  for (const { key } of rows)
    void carryOn(context, key).catch((error: unknown) => {
      if (!context.signal.aborted) context.changes.notice('error', 'A repository was not cloned', messageOf(error))
    })
}

const running = new WeakMap<EngineContext, Map<string, Promise<ProjectRow>>>()

function carryOn(context: EngineContext, key: string): Promise<ProjectRow> {
  const known = running.get(context) ?? new Map<string, Promise<ProjectRow>>()
  running.set(context, known)
  const one = known.get(key) ?? finish(context, key).finally(() => known.delete(key))
  known.set(key, one)
  return one
}

async function finish(context: EngineContext, key: string): Promise<ProjectRow> {
  const row = await cloneRow(context, key)
  if (!row) throw new SkeinError('not_found', 'cloning: nobody asked for it')
  const runner = await context.machines.runnerEventually(HOME_MACHINE, context.signal)
  try {
    const exit = await run(context, runner, row)
    if ((await cloneRow(context, key))?.state === 'cancelled')
      throw new SkeinError('cancelled', 'cloning: it was cancelled')
    if (exit.exit.code !== 0) throw failureOf(row, exit)
    await expectFree(runner, row.path)
    await rename(row.folder, row.path)
    await setState(context, key, 'done')
    const project = await openProject(context, row.path)
    context.changes.project(project.id)
    return project
  } catch (error) {
    // The server is stopping, or the link was lost: the next one goes on.
    if (context.signal.aborted || (error instanceof SkeinError && error.code === 'unavailable')) throw error
    await rm(row.folder, { recursive: true, force: true })
    await setState(context, key, 'failed', messageOf(error))
    throw error
  }
}

/** Follows git to its end. Asked again, it finds the one that runs. */
async function run(
  context: EngineContext,
  runner: RunnerClient,
  row: CloneTable,
): Promise<{ exit: ProcessExit; said: string }> {
  const id = processOf(row.key)
  if (!(await runner.call('process.status', { id }))) {
    await rm(row.folder, { recursive: true, force: true })
    await start(context, runner, row, id)
  }
  const progress = new CloneProgress()
  const ended = Promise.withResolvers<ProcessExit>()
  ended.promise.catch(() => undefined)
  context.machines.whenLost(runner, () => ended.reject(new SkeinError('unavailable', 'cloning: the link was lost')))
  const subscription = await runner.subscribe(
    { id, from: 'start' },
    {
      data: ({ text }) => {
        const told = progress.push(context.redactor.redactText(text))
        if (told) context.changes.send({ type: 'progress', key: row.key, ...told })
      },
      gap: () => undefined,
      exit: ({ exit }) => ended.resolve(exit),
    },
  )
  const onAbort = () => ended.reject(new SkeinError('cancelled', 'cloning: the server is stopping'))
  context.signal.addEventListener('abort', onAbort, { once: true })
  try {
    const exit = await ended.promise
    await runner.call('process.forget', { id }).catch(() => undefined)
    return { exit, said: progress.said }
  } finally {
    context.signal.removeEventListener('abort', onAbort)
    await subscription.unsubscribe().catch(() => undefined)
  }
}

/** git asks for credentials as ever; ours come last and by a descriptor, so that they are on no command line and in no file. */
const HELPER = '!f() { test "$1" = get && cat <&3; }; f'

async function start(context: EngineContext, runner: RunnerClient, row: CloneTable, id: string): Promise<void> {
  const password =
    row.password_sealed === null ? undefined : context.vault.open(row.password_sealed, `clone:${row.key}`)
  if (password !== undefined) context.redactor.add(password)
  const credentials = password === undefined ? [] : ['-c', `credential.helper=${HELPER}`]
  await runner.call('process.start', {
    id,
    epoch: 1,
    kind: 'script',
    cwd: '/',
    argv: ['git', ...credentials, 'clone', '--progress', '--', row.url, row.folder],
    env: {
      ...networkVariables(context),
      HOME: runner.hello.home,
      PATH: runner.hello.path,
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      SSH_ASKPASS: 'false',
      SSH_ASKPASS_REQUIRE: 'force',
    },
    ...(password === undefined ? {} : { secretFds: { 3: `username=${row.username ?? ''}\npassword=${password}\n` } }),
    timeoutMs: LIMIT_MS,
  })
}

/** How the network is reached, as whoever started the server has it. */
function networkVariables(context: EngineContext): Record<string, string> {
  return Object.fromEntries(
    NETWORK_VARIABLES.flatMap((name) => {
      const value = context.environment?.env?.[name] ?? process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

async function expectFree(runner: RunnerClient, target: string): Promise<void> {
  const there = await runner.call('fs.stat', { path: target })
  if (there === null) return
  throw new SkeinError('conflict', `cloning to ${target}: there is something already`, {
    next: 'Open that folder as a project, or choose another path.',
  })
}

function failureOf(row: CloneTable, { exit, said }: { exit: ProcessExit; said: string }): SkeinError {
  const doing = `cloning ${row.url}`
  if (exit.reason === 'timeout') return new SkeinError('timed_out', `${doing}: it took more than six hours`)
  if (exit.reason === 'start_failed')
    return new SkeinError('missing', `${doing}: git could not be started`, { next: 'Install git.' })
  const unauthorized =
    /Authentication failed|terminal prompts disabled|could not read|Permission denied|not found/i.test(said)
  const message = `${doing}: ${said || (exit.signal ? `git was ended by ${exit.signal}` : 'git failed')}`
  return unauthorized
    ? new SkeinError('unauthorized', message, {
        next: 'Check the address; sign in with git once (git ls-remote URL in a terminal), then try again.',
      })
    : new SkeinError('conflict', message, { next: 'Check the address and the network, then try again.' })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function cloneRow(context: EngineContext, key: string): Promise<CloneTable | undefined> {
  return context.db.selectFrom('clones').selectAll().where('key', '=', key).executeTakeFirst()
}

async function setState(
  context: EngineContext,
  key: string,
  state: CloneTable['state'],
  problem?: string,
): Promise<void> {
  await context.db
    .updateTable('clones')
    .set({ state, problem: problem === undefined ? null : context.redactor.redactText(problem), password_sealed: null })
    .where('key', '=', key)
    .where('state', '=', 'running')
    .execute()
}
