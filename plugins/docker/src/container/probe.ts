import { type ProviderContext, SkeinError } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import type { ReadyImage } from './image.ts'

/** What an image has for its user. */
export interface ImageProbe {
  uid: number
  gid: number
  home: string
  /** Its home is there and may be written by the user. */
  hasHome: boolean
  /** Undefined: none, or one that does not run. */
  nodeMajor: number | undefined
  hasClaude: boolean
}

const SCRIPT = `
id -u; id -g; printf '%s\\n' "$HOME"
if [ -d "$HOME" ] && [ -w "$HOME" ]; then echo yes; else echo no; fi
node -p 'parseInt(process.versions.node)' 2>/dev/null || echo none
if command -v claude >/dev/null 2>&1; then echo yes; else echo no; fi`

/** By engine, image and user: it cannot change. */
const known = new Map<string, ImageProbe>()

/** Asks the image itself, in a container that ends with the answer. */
export async function probeImage(
  engine: ContainerEngine,
  image: Pick<ReadyImage, 'name' | 'id'>,
  user: string,
  context: ProviderContext,
): Promise<ImageProbe> {
  const key = JSON.stringify([engine.address, image.id, user])
  const answered = known.get(key)
  if (answered) return answered
  const said = await engine.run(
    `looking into the image ${image.name} as ${user}`,
    ['run', '--rm', '--network', 'none', '--user', user, '--entrypoint', '/bin/sh', image.id, '-c', SCRIPT],
    { signal: context.signal },
  )
  const [uid, gid, home = '', hasHome, node, claude] = said.split('\n').slice(-6)
  if (!/^\d+$/.test(uid ?? ''))
    throw new SkeinError('invalid', `looking into the image ${image.name}: it answered ${JSON.stringify(said)}`, {
      next: 'Use an image with a POSIX shell and `id` (coreutils or busybox).',
    })
  const probe: ImageProbe = {
    uid: Number(uid),
    gid: Number(gid),
    home,
    hasHome: hasHome === 'yes' && home !== '/' && home.startsWith('/'),
    nodeMajor: /^\d+$/.test(node ?? '') ? Number(node) : undefined,
    hasClaude: claude === 'yes',
  }
  known.set(key, probe)
  return probe
}
