import type { BoxSpec } from '../boxes/box.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** What a machine is started with: its configuration, and the app's secrets as they are now. */
export async function boxSpec(world: World, machine: Machine): Promise<BoxSpec> {
  const { config, app } = machine
  const secrets = machine.skipSecrets ? [] : [...app.secrets].map(([name, { value }]) => [name, value])
  const environment = {
    ...Object.fromEntries(secrets),
    ...config.env,
    FLY_MACHINE_ID: machine.id,
    FLY_ALLOC_ID: machine.id,
    FLY_MACHINE_VERSION: machine.instanceId,
    FLY_APP_NAME: app.name,
    FLY_REGION: machine.region,
    FLY_PRIVATE_IP: machine.privateIp,
    FLY_IMAGE_REF: config.image,
    FLY_VM_MEMORY_MB: String(machine.memoryMb),
    FLY_EMULATOR_HOST: world.boxes.hostLoopback,
  }
  const volumes = (config.mounts ?? []).flatMap(({ volume, path }) => {
    const found = app.volumes.get(volume)
    return found === undefined ? [] : [{ folder: found.folder, path }]
  })
  return {
    id: machine.id,
    image: config.image,
    init: { exec: config.init?.exec, entrypoint: config.init?.entrypoint, cmd: config.init?.cmd },
    env: environment,
    files: (config.files ?? []).map((file) => ({
      path: file.guest_path,
      content: Buffer.from(file.raw_value ?? app.secrets.get(file.secret_name ?? '')?.value ?? '', 'base64'),
      mode: file.mode,
    })),
    mounts: [{ folder: await world.apiFolder(app.name), path: '/.fly' }, ...volumes],
    memoryMb: machine.memoryMb,
    onLine: (line) => world.logs.add(machine, 'app', line),
  }
}
