import type { ProviderContext } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import { TOOLS_PLACE } from './arguments.ts'
import type { ReadyImage } from './image.ts'

/**
 * A volume with the programs of Skein's own image (claude, Node), for containers of images that lack them. An engine fills an empty volume
 * from the image's folder; it is shared by all containers, read-only.
 */
export async function ensureTools(
  engine: ContainerEngine,
  own: Pick<ReadyImage, 'id'>,
  context: ProviderContext,
): Promise<string> {
  const name = `skein-tools-${own.id.replace(/^sha256:/, '').slice(0, 16)}`
  const doing = `making the volume ${name} of Skein’s programs`
  const there = await engine.attempt(doing, ['volume', 'inspect', name], { signal: context.signal })
  if (there.code === 0) return name
  await engine.run(
    doing,
    [
      ...['run', '--rm', '--network', 'none', '--mount', `type=volume,src=${name},dst=${TOOLS_PLACE}`],
      ...['--entrypoint', '/bin/true', own.id],
    ],
    { signal: context.signal },
  )
  return name
}
