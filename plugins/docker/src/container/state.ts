import { SkeinError } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'

/** How a container is, as its engine tells. */
export interface ContainerState {
  status: string
  running: boolean
  /** Something in it was ended for want of memory, since it was last started. */
  outOfMemory: boolean
  exitCode: number
  error: string
}

interface Inspected {
  State: { Status?: string; Running?: boolean; OOMKilled?: boolean; ExitCode?: number; Error?: string }
  Config: { Labels?: Record<string, string> | null }
  Name: string
}

/** Undefined: there is no such container. */
export async function inspectContainer(
  engine: ContainerEngine,
  name: string,
  signal?: AbortSignal,
): Promise<{ state: ContainerState; labels: Record<string, string> } | undefined> {
  const doing = `looking at the container ${name}`
  const args = ['container', 'inspect', name]
  const said = await engine.attempt(doing, args, { signal })
  if (said.code !== 0) {
    if (/no such container/i.test(said.stderr)) return undefined
    await engine.run(doing, args, { signal })
  }
  const [found] = JSON.parse(said.stdout) as Inspected[]
  if (!found) return undefined
  const { Status = 'unknown', Running = false, OOMKilled = false, ExitCode = 0, Error: error = '' } = found.State
  return {
    state: { status: Status, running: Running, outOfMemory: OOMKilled, exitCode: ExitCode, error },
    labels: found.Config.Labels ?? {},
  }
}

/** The same figure of control groups of version 2 and 1. */
const OOM_KILLS = `
sed -n 's/^oom_kill //p' /sys/fs/cgroup/memory.events 2>/dev/null ||
sed -n 's/^oom_kill //p' /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null`

/** How many processes of a running container the kernel ended because its memory was used up; undefined where it cannot be told. */
export async function memoryKills(
  engine: ContainerEngine,
  name: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const said = await engine.attempt(`asking ${name} about its memory`, ['exec', name, 'sh', '-c', OOM_KILLS], {
    signal,
  })
  const number = said.stdout.trim().split('\n').at(-1) ?? ''
  return said.code === 0 && /^\d+$/.test(number) ? Number(number) : undefined
}

/** Why nothing can be done in a container that does not run. */
export function notRunning(name: string, state: ContainerState, memory: string): SkeinError {
  if (state.outOfMemory)
    return new SkeinError('conflict', `the container ${name} ended: its memory limit of ${memory} was reached`, {
      next: 'Start it again with `skein machine start`; its files are there. For more, make a workspace with a higher `memory`.',
      details: { outOfMemory: true },
    })
  const why = state.error === '' ? `exit status ${state.exitCode}` : state.error
  return new SkeinError('unavailable', `the container ${name} does not run: it is ${state.status} (${why})`, {
    next:
      state.status === 'paused'
        ? 'Somebody paused it; `docker unpause` lets it go on.'
        : 'Start it with `skein machine start`.',
    details: { status: state.status },
  })
}
