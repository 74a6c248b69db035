import { readFileSync } from 'node:fs'
import type { MachineSpec } from '@skein/plugin-api'
import type { CreateMachineBody } from '../api/machines.ts'
import { dialSecretName } from '../door/dial-ticket.ts'
import { DOOR_PORT } from '../inside/settings.ts'
import type { FlySettings, FlySize } from '../settings.ts'
import { LABELS, MAKER, namesFor } from './names.ts'

/** A volume is shown there; everything that is to outlast a stop lies below. */
export const MOUNT = '/data'
/** How long what runs may take to end, before Fly ends it. */
const STOP_S = 20

export interface ConfigPlan {
  spec: MachineSpec
  settings: FlySettings
  image: string
  region: string
  size: FlySize
  volume: string | undefined
  publicKey: string
  nonce: string
  run: string
  /** Milliseconds. */
  expires: number
  /** The door's file, for an image that has none. */
  door: { entry: string; bundle: string } | undefined
}

/** Where the runner keeps its things. */
export function runnerFolder(volume: boolean): string {
  return volume ? `${MOUNT}/skein` : '~/.skein'
}

/** The body of the request that makes a machine. Whoever may look at the app sees it: nothing in it is secret. */
export function machineBody(plan: ConfigPlan): CreateMachineBody & { name: string } {
  const { spec, settings, image, region, size, volume } = plan
  return {
    name: namesFor(spec.owner, spec.key).machine,
    region,
    config: {
      image,
      env: { ...builtInEnvironment(plan), ...settings.env },
      guest: { cpu_kind: size.cpuKind, cpus: size.cpus, memory_mb: size.memoryMb },
      // Its result would be lost with it, and what it worked on.
      auto_destroy: false,
      // An agent that failed is not to be run ten times.
      restart: { policy: 'no' },
      stop_config: { signal: 'SIGTERM', timeout: `${STOP_S}s` },
      metadata: { ...settings.metadata, ...labels(plan) },
      services: settings.dial === undefined ? [SERVICE] : [],
      ...(volume === undefined ? {} : { mounts: [{ volume, path: MOUNT }] }),
      ...(plan.door === undefined ? {} : broughtDoor(plan.door)),
    },
  }
}

/** Fly Proxy neither starts nor stops it: it counts connections, which says nothing of an agent's work. */
const SERVICE = {
  protocol: 'tcp',
  internal_port: DOOR_PORT,
  autostart: false,
  autostop: 'off',
  min_machines_running: 0,
  ports: [{ port: 443, handlers: ['tls', 'http'] }],
}

function builtInEnvironment({ spec, settings, volume, publicKey, nonce, door }: ConfigPlan): Record<string, string> {
  return {
    LANG: 'C.UTF-8',
    SKEIN_DOOR_KEY: publicKey,
    SKEIN_DOOR_NONCE: nonce,
    SKEIN_DOOR_RUNNER: runnerFolder(volume !== undefined),
    ...(volume === undefined ? {} : { SKEIN_DOOR_MOUNT: MOUNT, SKEIN_DOOR_HOME: `${MOUNT}/home` }),
    ...(door !== undefined && settings.user !== undefined ? { SKEIN_DOOR_USER: settings.user } : {}),
    ...(settings.dial === undefined
      ? {}
      : { SKEIN_DOOR_DIAL: settings.dial, SKEIN_DOOR_DIAL_SECRET: dialSecretName(spec.owner) }),
  }
}

function labels({ spec, run, expires }: ConfigPlan): Record<string, string> {
  return {
    [LABELS.maker]: MAKER,
    [LABELS.owner]: spec.owner,
    [LABELS.key]: spec.key,
    [LABELS.name]: machineName(spec),
    [LABELS.run]: run,
    [LABELS.expires]: String(Math.floor(expires / 1000)),
  }
}

export function machineName(spec: MachineSpec): string {
  return spec.workspace?.name || spec.name || namesFor(spec.owner, spec.key).machine
}

/** An image of others needs sh and Node 20 or later. */
function broughtDoor({ entry, bundle }: { entry: string; bundle: string }): Record<string, unknown> {
  const file = (guest_path: string, path: string, mode: number) => ({
    guest_path,
    raw_value: readFileSync(path).toString('base64'),
    mode,
  })
  return {
    files: [file('/opt/skein/entry.sh', entry, 0o755), file('/opt/skein/door.cjs', bundle, 0o644)],
    init: { exec: ['/bin/sh', '/opt/skein/entry.sh'] },
  }
}
