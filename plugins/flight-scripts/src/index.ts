import { definePlugin, type SkeinPlugin } from '@skein/plugin-api'
import { flightProvider } from './flight-provider.ts'

export { createFlightProvider, type FlightProviderOptions, flightProvider } from './flight-provider.ts'
export type { FlightHealth } from './health.ts'
export { type FlightSite, listFlightWorkspaces } from './list-workspaces.ts'
export { type FlightMonitor, monitorFlight } from './monitor.ts'
export type { FlightService } from './monitor-output.ts'
export {
  approveFlightScripts,
  type FetchedScripts,
  fetchFlightScripts,
  forgetFlightScripts,
  type ScriptChange,
} from './remote-only/fetch-scripts.ts'
export { forgejoForge, githubForge, parseRepository, type ScriptForge } from './remote-only/forges.ts'
export {
  FLIGHT_SCRIPTS,
  type FlightProject,
  type FlightScript,
  type FlightScriptName,
  findScript,
} from './scripts.ts'
export { FLIGHT_SETTINGS, type FlightSettings, parseFlightSettings } from './settings.ts'

/** Machines of the kind `flight`: what a repository's own `.flight/` scripts make. */
export const flightScriptsPlugin: SkeinPlugin = definePlugin({
  name: 'flight-scripts',
  activate(context) {
    context.subscriptions.push(context.machines.register(flightProvider))
  },
})
