import manifest from '../package.json' with { type: 'json' }

/** The version of this Skein. */
export const version: string = manifest.version
