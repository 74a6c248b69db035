import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Diagnosis, ProviderContext } from '@skein/plugin-api'
import type { FlightMachine } from './flight-machine.ts'
import { namedWorkspaces } from './list-workspaces.ts'
import type { FlightEntry } from './machine-records.ts'
import { monitorFlight } from './monitor.ts'
import { isExecutable, shellOn } from './script-process.ts'
import { FLIGHT_SCRIPTS, type FlightScriptName, findScript } from './scripts.ts'
import { parseFlightSettings } from './settings.ts'

/** The scripts, what they answer, and what the machine itself has and lacks. */
export async function diagnoseFlight(machine: FlightMachine, context: ProviderContext): Promise<Diagnosis[]> {
  const { entry } = machine
  const found: Diagnosis[] = FLIGHT_SCRIPTS.flatMap((name) => scriptFindings(name, entry, context.home))
  found.push(shellFinding())
  const { project, settings, name } = entry
  const named = await namedWorkspaces({ home: context.home, project, settings })
  if (named && !named.includes(name))
    found.push({
      ok: false,
      severity: 'error',
      what: `the list script does not name ${name}: it seems to be gone`,
      remedy: 'Remove its workspaces, and make new ones.',
    })
  const monitor = await monitorFlight({ home: context.home, project, settings, workspace: name })
  if (monitor && 'error' in monitor) found.push({ ok: false, severity: 'warning', what: `monitor: ${monitor.error}` })
  else if (monitor) found.push(...monitor.services.map(serviceFinding))
  try {
    found.push(...(await machine.diagnose()))
  } catch (error) {
    const remedy = error instanceof Error && 'next' in error ? String(error.next) : ''
    found.push({
      ok: false,
      severity: 'error',
      what: error instanceof Error ? error.message : String(error),
      ...(remedy === '' ? {} : { remedy }),
    })
  }
  return found
}

const NEEDED = new Set<FlightScriptName>(['provision', 'connect'])

function scriptFindings(name: FlightScriptName, { project, settings }: FlightEntry, home: string): Diagnosis[] {
  let script: ReturnType<typeof findScript>
  try {
    script = findScript(name, project, home, parseFlightSettings(settings))
  } catch (error) {
    return [{ ok: false, severity: 'error', what: error instanceof Error ? error.message : String(error) }]
  }
  if (!script) {
    if (!NEEDED.has(name)) return [{ ok: true, severity: 'info', what: `no ${name} script (it need not be there)` }]
    return [
      { ok: false, severity: 'error', what: `no ${name} script`, remedy: `Add .flight/${name}; see docs/flight.md.` },
    ]
  }
  const { path, source } = script
  if (path === undefined) return [{ ok: true, severity: 'info', what: `${name}: ${source}` }]
  if (!isExecutable(path))
    return [{ ok: false, severity: 'error', what: `${name}: ${source} is not executable`, remedy: `chmod +x ${path}` }]
  if (!readFileSync(path, 'utf8').startsWith('#!'))
    return [
      {
        ok: false,
        severity: 'warning',
        what: `${name}: ${source} does not say what runs it`,
        remedy: 'Begin it with #!/bin/sh or another interpreter.',
      },
    ]
  return [{ ok: true, severity: 'info', what: `${name}: ${source}` }]
}

function shellFinding(): Diagnosis {
  const shell = shellOn(process.env.PATH)
  const zsh = basename(shell) === 'zsh'
  return {
    ok: zsh,
    severity: zsh ? 'info' : 'warning',
    what: `scripts are run by a login ${basename(shell)}`,
    ...(zsh ? {} : { remedy: 'Install zsh if a setting has shell text that needs it.' }),
  }
}

function serviceFinding(service: { name: string; status: string; health: string }): Diagnosis {
  return {
    ok: service.health === 'healthy',
    severity: service.health === 'critical' ? 'error' : service.health === 'warning' ? 'warning' : 'info',
    what: `${service.name}: ${service.status}`,
  }
}
