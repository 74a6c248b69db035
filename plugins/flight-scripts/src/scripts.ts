import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '@skein/plugin-api'
import { approvedScript } from './remote-only/approved.ts'
import { quoteWord } from './script-process.ts'
import type { FlightSettings } from './settings.ts'

/** The scripts that make, reach, end, name and watch remote workspaces. */
export const FLIGHT_SCRIPTS = ['provision', 'connect', 'teardown', 'list', 'monitor'] as const
export type FlightScriptName = (typeof FLIGHT_SCRIPTS)[number]

/** A project as the scripts see it. `path` is '' for one that is only a remote URL. */
export interface FlightProject {
  id: string
  name: string
  path: string
}

export interface FlightScript {
  name: FlightScriptName
  /** Shell text. */
  command: string
  /** Where it comes from, for people: a path, or "the setting `connect`". */
  source: string
  /** The file, unless it is a template. */
  path?: string
}

/**
 * Where a script of a project comes from: the setting of that name if it is not blank, else `.flight/<name>` of the main
 * clone's files. A project without a clone has only what was fetched from its forge and approved. Undefined: there is none.
 * Throws where a fetched script is no longer the one that was approved.
 */
export function findScript(
  name: FlightScriptName,
  project: FlightProject,
  home: string,
  settings: FlightSettings,
): FlightScript | undefined {
  if (project.path === '') {
    const path = approvedScript(home, project.name, name)
    return path === undefined ? undefined : fromFile(name, path)
  }
  const template = settings[name]
  if (template !== undefined && template.trim() !== '')
    return { name, command: template, source: `the setting \`${name}\`` }
  const path = join(project.path, '.flight', name)
  return existsSync(path) ? fromFile(name, path) : undefined
}

/** As `findScript`; throws `missing` where there is none. */
export function requireScript(
  name: FlightScriptName,
  project: FlightProject,
  home: string,
  settings: FlightSettings,
): FlightScript {
  const script = findScript(name, project, home, settings)
  if (script) return script
  const where = project.path === '' ? 'its repository' : project.path
  throw new SkeinError('missing', `project ${project.name} has no ${name} script for remote workspaces`, {
    next:
      project.path === ''
        ? `Add .flight/${name} to ${where}, fetch the project's scripts again and approve them.`
        : `Add an executable .flight/${name} to ${where}, or give the setting \`${name}\`. Ready ones: examples/flight.`,
  })
}

/** Where scripts run: the main clone, or Skein's own folder for a project that has none. */
export function scriptFolder(project: FlightProject, home: string): string {
  return project.path === '' ? join(home, 'flight') : project.path
}

function fromFile(name: FlightScriptName, path: string): FlightScript {
  return { name, command: `${quoteWord(path)} "$@"`, source: path, path }
}
