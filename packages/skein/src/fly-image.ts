import { agentImage, buildImage, type ImageOptions, imageRecipe } from '@skein/plugin-docker'
import { FLY_PLATFORM, type PublishedImage, publishImage } from '@skein/plugin-fly'

export type { PublishedImage } from '@skein/plugin-fly'

export interface FlyImageOptions extends Omit<ImageOptions, 'tag' | 'platform'> {
  /** The app whose machines it is for. */
  app: string
  env?: Record<string, string | undefined>
}

/** Builds Skein's own image for Fly machines, and pushes it to the app's registry; does nothing where the registry has it. */
export function publishFlyImage({ app, env, ...options }: FlyImageOptions): Promise<PublishedImage> {
  const { home, force, progress, signal } = options
  const base = { ...options, platform: FLY_PLATFORM }
  return publishImage({
    app,
    home,
    progress,
    signal,
    recipe: imageRecipe(base),
    base: async () => (await buildImage({ ...base, tag: `${agentImage()}-amd64` })).tag,
    ...(force === undefined ? {} : { force }),
    ...(env ? { env } : {}),
  })
}
