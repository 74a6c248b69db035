import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'
import { createDockerProvider } from './provider.ts'

export { type BuiltImage, buildImage, type ImageOptions } from './image/build.ts'
export { imageRecipe } from './image/recipe.ts'
export { agentImage } from './image/version.ts'
export { createDockerProvider } from './provider.ts'

/** Machines of the kind `docker`: a container for each workspace. */
export const dockerPlugin: SkeinPlugin = definePlugin({
  name: 'docker',
  activate(context) {
    context.subscriptions.push(context.machines.register(createDockerProvider()))
  },
})
