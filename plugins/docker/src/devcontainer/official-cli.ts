import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { SkeinError } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import { onPath } from '../engine/find.ts'

const BUILD_MS = 60 * 60_000

/** @devcontainers/cli on PATH; it knows features, which Skein alone does not. Not the project's own: it would run here untrusted. */
export function officialCli(): string | undefined {
  return onPath('devcontainer')
}

/** Has it build the image, features and all, under a name of ours. It makes no container: its own would have the repository mounted. */
export async function buildWithOfficialCli(
  {
    cli,
    engine,
    project,
    file,
    image,
  }: Record<'cli' | 'project' | 'file' | 'image', string> & { engine: ContainerEngine },
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const args = ['build', '--workspace-folder', project, '--config', file, '--image-name', image, '--log-format', 'text']
  const { host, context } = engine.address
  const env = {
    ...engine.environment(),
    ...(host ? { DOCKER_HOST: host } : {}),
    ...(context ? { DOCKER_CONTEXT: context } : {}),
  }
  const child = spawn(cli, [...args, '--docker-path', engine.path], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(BUILD_MS)]),
  })
  const tail: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      progress(line)
      tail.push(line)
      if (tail.length > 12) tail.shift()
    })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        signal.aborted
          ? new SkeinError('cancelled', 'building the devcontainer: cancelled')
          : SkeinError.from(error, 'building the devcontainer'),
      ),
    )
    child.once('close', resolve)
  })
  if (code !== 0)
    throw new SkeinError('invalid', `building the devcontainer: ${cli} ended with ${code}\n${tail.join('\n')}`, {
      next: `Try \`devcontainer build --workspace-folder ${project}\` in a terminal.`,
    })
}
