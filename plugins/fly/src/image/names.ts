import manifest from '../../package.json' with { type: 'json' }

/** Fly's own registry, which machines of the app may read. */
export const REGISTRY = 'registry.fly.io'

/** Skein's own image of an app, in the version that goes with this one. */
export function ownImage(app: string): string {
  return `${REGISTRY}/${app}:skein-${manifest.version}`
}

/** Whether an image was made by `skein image build --fly`, and so begins with the door. */
export function hasOwnDoor(image: string): boolean {
  return /(^|\/)[^/:@]+:skein-[\w.-]+$/.test(image)
}
