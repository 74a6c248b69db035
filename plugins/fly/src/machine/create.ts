import { randomBytes } from 'node:crypto'
import { type MachineRecord, type ProviderContext, SkeinError } from '@skein/plugin-api'
import type { FlyClient } from '../api/client.ts'
import { FlyError } from '../api/failure.ts'
import { getMachine } from '../api/machines.ts'
import { type FlyMachineInfo, metadataOf } from '../api/shapes.ts'
import { waitForMachine } from '../api/wait.ts'
import { publicKeyOf } from '../door/ticket.ts'
import { doorFiles } from '../image/door-bundle.ts'
import { type FlySize, sizeName } from '../settings.ts'
import { type ConfigPlan, machineBody, machineName, runnerFolder } from './config.ts'
import { type FlyDetails, recordFor } from './details.ts'
import { type CreatePlan, ensureMachine, ensureVolume, findLate, type Made } from './ensure.ts'
import { endingOf, withLogs } from './explain.ts'
import { rememberKey } from './known.ts'
import { LABELS } from './names.ts'
import { removeEverything } from './remove.ts'
import { startUntilUp } from './start.ts'

/** Not every part of Fly knows a new machine at once. */
const UNSEEN_MS = 10_000
/** What was begun is taken back also when who asked for it is gone. */
const ROLLBACK_MS = 30_000

/**
 * Makes a machine, or finds the one that was made for the key before: its name follows from owner and key, so that Fly itself refuses a
 * second one. Where a region or size has no room, the next is tried. What fails leaves nothing behind.
 */
export async function createFlyMachine(
  client: FlyClient,
  plan: CreatePlan,
  context: ProviderContext,
): Promise<MachineRecord> {
  const { spec, settings, app } = plan
  if (settings.volumeGb > 0) await rememberKey(context.home, spec.key)
  const places = settings.regions.flatMap((region) => settings.sizes.map((size) => ({ region, size })))
  let full: FlyError | undefined
  for (const { region, size } of places) {
    const made: Made = { machines: new Set(), perhaps: false, volume: false }
    try {
      return await createAt(client, plan, { region, size, made }, context)
    } catch (error) {
      const kept = await rollBack(client, plan, made)
      const explained = kept === undefined ? error : noted(error, kept)
      if (!(error instanceof FlyError && error.isCapacity) || kept !== undefined) throw explained
      full = error
      context.progress(`${app}: no room for ${sizeName(size)} in ${region}`)
    }
  }
  throw new SkeinError(
    'unavailable',
    `making a machine of ${app}: no room for ${settings.sizes.map(sizeName).join(' or ')} in ${settings.regions.join(', ')}`,
    { next: full?.next, details: { ...full?.details }, cause: full },
  )
}

async function createAt(
  client: FlyClient,
  plan: CreatePlan,
  { region, size, made }: { region: string; size: FlySize; made: Made },
  context: ProviderContext,
): Promise<MachineRecord> {
  const { spec, settings, app, image, privateKey } = plan
  const { signal } = context
  context.progress(`making a machine of ${app} (${sizeName(size)}, ${region})`)
  const volume = settings.volumeGb > 0 ? await ensureVolume(client, plan, { region, size, made }, signal) : undefined
  const config: ConfigPlan = {
    spec,
    settings,
    image,
    region: volume?.region ?? region,
    size,
    volume: volume?.id,
    publicKey: publicKeyOf(privateKey),
    nonce: randomBytes(12).toString('hex'),
    run: randomBytes(8).toString('hex'),
    expires: Date.now() + settings.hours * 3_600_000,
    door: plan.hasDoor ? undefined : await doorFiles(),
  }
  const machine = await ensureMachine(client, plan, machineBody(config), made, signal)
  const env = machine.config?.env ?? {}
  const expires = Number(metadataOf(machine)[LABELS.expires] ?? '') * 1000
  const details: FlyDetails = {
    key: spec.key,
    app,
    machine: machine.id,
    volume: volume !== undefined || undefined,
    region: machine.region || config.region,
    size: sizeName(size),
    image,
    memoryMb: machine.config?.guest?.memory_mb ?? size.memoryMb,
    nonce: env.SKEIN_DOOR_NONCE ?? config.nonce,
    expires: expires || config.expires,
    hours: settings.hours,
    bootS: settings.bootS,
    runner: runnerFolder(volume !== undefined),
    environment: Object.keys(settings.env).length > 0 ? settings.env : undefined,
    root: (!plan.hasDoor && settings.user === undefined) || undefined,
    dial: settings.dial,
    dialListen: settings.dialListen,
    proxy: settings.proxy,
    api: settings.api,
    logs: settings.logs,
    tokenFile: settings.tokenFile,
  }
  // One that was made for the key before may rest.
  if (machine.state === 'stopped' || machine.state === 'suspended')
    await startUntilUp(client, { app, id: machine.id, signal, deadlineMs: settings.bootS * 1000 })
  else await untilStarted(client, details, machine, signal)
  return recordFor(spec.owner, machineName(spec), details)
}

/** Throws with the end of its console where it ends instead. */
async function untilStarted(
  client: FlyClient,
  { app, nonce, bootS = 600 }: FlyDetails,
  machine: FlyMachineInfo,
  signal: AbortSignal,
): Promise<void> {
  if (machine.state === 'started') return
  const { id } = machine
  const waited = await waitForMachine(client, {
    app,
    id,
    states: ['started', 'stopped', 'failed', 'destroyed'],
    version: machine.instance_id || undefined,
    deadlineMs: bootS * 1000,
    unseenMs: UNSEEN_MS,
    signal,
  }).catch(async (error: unknown) => {
    if (!(error instanceof SkeinError) || error.code !== 'timed_out') throw error
    throw withLogs(error, (await endingOf(client, { app, machine: id, nonce, signal }, undefined)).logs)
  })
  if (waited.state === 'started') return
  const now = waited.machine ?? (await getMachine(client, { app, signal }, id).catch(() => undefined))
  const ending = await endingOf(client, { app, machine: id, nonce, signal }, now)
  const error = new SkeinError(
    'unavailable',
    `the machine ${id} of ${app} did not come up: it is ${waited.state}; ${ending.text}`,
    {
      next: `Check that the image is there and is for linux/amd64; this makes Skein’s own: skein image build --fly ${app}`,
      details: { app, machine: id, state: waited.state, exit: ending.exit },
    },
  )
  throw withLogs(error, ending.logs)
}

/** Takes back what this call made; answers what it could not. Never hides why, and touches nothing that was there before. */
async function rollBack(client: FlyClient, plan: CreatePlan, made: Made): Promise<string | undefined> {
  const { spec, app } = plan
  // A refusal that came before anything was made needs no clean-up.
  if (made.machines.size === 0 && !made.perhaps && !made.volume) return undefined
  try {
    if (made.machines.size === 0 && made.perhaps) {
      const found = await findLate(client, plan, AbortSignal.timeout(ROLLBACK_MS))
      if (found) made.machines.add(found.id)
    }
    await removeEverything(client, {
      app,
      owner: spec.owner,
      key: spec.key,
      machines: [...made.machines],
      volume: made.volume,
      deadlineMs: ROLLBACK_MS,
    })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function noted(error: unknown, kept: string): unknown {
  const { code, message, next, details } = SkeinError.from(error, 'making a machine')
  return new SkeinError(code, message, { next, details: { ...details, leftBehind: kept }, cause: error })
}
