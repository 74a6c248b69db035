import manifest from '../../package.json' with { type: 'json' }

/** The name of Skein's own image, in the version that goes with this one. */
export function agentImage(): string {
  return `skein/agent:${manifest.version}`
}
