import { NETWORK_VARIABLES, type ProcessExit, type RunnerClient, SkeinError } from '@skein/protocol'
import type { EngineContext } from '../context.ts'
import { shortId } from '../identity.ts'
import { CloneProgress } from './clone-progress.ts'

const LIMIT_MS = 6 * 3_600_000
/** Each of git's own processes asks once; submodules are fetched by processes of their own. */
const ANSWERS_BYTES = 24 * 1024

export interface Credential {
  /** `https://example.org` */
  origin: string
  username: string
  password: string
}

export interface GitProcess {
  /** What is being done, for errors. */
  doing: string
  args: readonly string[]
  credential?: Credential | undefined
}

/**
 * One git command that may take long or need the network, as a process of the runner of this computer. The credential goes through a
 * pipe, to git's processes and to the host that it is for alone. Throws for every end but a good one.
 */
export async function runGit(
  context: EngineContext,
  runner: RunnerClient,
  { doing, args, credential }: GitProcess,
  signal: AbortSignal,
): Promise<void> {
  const id = `fetch-${shortId('', context.uuid())}`
  const said = new CloneProgress()
  const ended = Promise.withResolvers<ProcessExit>()
  ended.promise.catch(() => undefined)
  context.machines.whenLost(runner, () => ended.reject(new SkeinError('unavailable', `${doing}: the link was lost`)))
  const onAbort = () => ended.reject(new SkeinError('cancelled', `${doing}: it was cancelled`))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await runner.call('process.start', {
      id,
      epoch: 1,
      kind: 'script',
      cwd: '/',
      argv: ['git', ...helperArguments(credential), ...args],
      env: environmentOf(context, runner),
      ...(credential ? { secretFds: { 3: answersOf(credential) } } : {}),
      timeoutMs: LIMIT_MS,
    })
    const subscription = await runner.subscribe(
      { id, from: 'start' },
      {
        data: ({ text }) => void said.push(context.redactor.redactText(text)),
        gap: () => undefined,
        exit: ({ exit }) => ended.resolve(exit),
      },
    )
    try {
      const exit = await ended.promise
      if (exit.code !== 0) throw failureOf(doing, exit, said.said)
    } finally {
      await subscription.unsubscribe().catch(() => undefined)
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await runner.call('process.stop', { id, graceMs: 1000 }).catch(() => undefined)
    await runner.call('process.forget', { id }).catch(() => undefined)
  }
}

/** In place of the helpers that git knows, for this host: what was given is meant. Two lines are read for each question, a byte at a time. */
const HELPER =
  '!f() { test "$1" = get || return 0; for i in 1 2; do IFS= read -r line <&3 && printf "%s\\n" "$line"; done; }; f'

function helperArguments(credential: Credential | undefined): string[] {
  if (!credential) return []
  const name = `credential.${credential.origin}.helper`
  return ['-c', `${name}=`, '-c', `${name}=${HELPER}`]
}

function answersOf({ username, password }: Credential): string {
  const answer = `username=${username}\npassword=${password}\n`
  return answer.repeat(Math.max(1, Math.min(100, Math.floor(ANSWERS_BYTES / Buffer.byteLength(answer)))))
}

/** How the network is reached, as whoever started Skein has it. */
function environmentOf(context: EngineContext, runner: RunnerClient): Record<string, string> {
  const network = NETWORK_VARIABLES.flatMap((name) => {
    const value = context.environment?.env?.[name] ?? process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(network),
    HOME: runner.hello.home,
    PATH: runner.hello.path,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    SSH_ASKPASS: 'false',
    SSH_ASKPASS_REQUIRE: 'force',
  }
}

function failureOf(doing: string, { reason, signal }: ProcessExit, said: string): SkeinError {
  if (reason === 'timeout') return new SkeinError('timed_out', `${doing}: it took more than six hours`)
  if (reason === 'start_failed')
    return new SkeinError('missing', `${doing}: git could not be started`, { next: 'Install git.' })
  const message = `${doing}: ${said || (signal ? `git was ended by ${signal}` : 'git failed')}`
  if (/couldn't find remote ref|not our ref|no such remote ref|Remote branch .* not found/i.test(said))
    return new SkeinError('not_found', message, { next: 'Check the name of the branch, the tag or the commit.' })
  if (/Authentication failed|terminal prompts disabled|could not read|Permission denied|not found/i.test(said))
    return new SkeinError('unauthorized', message, {
      next: 'Check the address, and what you gave as credential for its host.',
    })
  return new SkeinError('conflict', message, { next: 'Check the address and the network, then try again.' })
}
