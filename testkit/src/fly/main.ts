/**
 * The Fly emulator as a process of its own: `npm run fly-emulator`. Prints its addresses and its token, and runs until a signal ends
 * it. docs/fly-emulator.md tells how clients are pointed at it.
 */

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { FolderImage } from './boxes/folder-image.ts'
import { bootProfiles } from './options.ts'
import { startFly } from './start.ts'

const USAGE = `npm run fly-emulator -- [options]
  --port N            of the API; a free one unless given
  --org NAME          the organisation (personal)
  --app NAME          an app that exists from the start; may be repeated
  --images FILE       JSON: images by reference, {"root", "entrypoint", "cmd", "env", "workdir", "user"}
  --docker HOST       run machines as containers there, such as unix:///var/run/docker.sock
  --boot PROFILE      ${Object.keys(bootProfiles).join(', ')} (instant)
  --seed N            for faults that come by chance (1)
  --no-limits         do not answer 429 beyond Fly's rate limits`

const { values } = parseArgs({
  allowNegative: true,
  options: {
    port: { type: 'string', default: '0' },
    org: { type: 'string', default: 'personal' },
    app: { type: 'string', multiple: true, default: [] },
    images: { type: 'string' },
    docker: { type: 'string' },
    boot: { type: 'string', default: 'instant' },
    seed: { type: 'string', default: '1' },
    limits: { type: 'boolean', default: true },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
if (!(values.boot in bootProfiles)) {
  console.error(`There is no profile ${values.boot}.\n\n${USAGE}`)
  process.exit(2)
}

const images =
  values.images === undefined ? {} : (JSON.parse(readFileSync(values.images, 'utf8')) as Record<string, FolderImage>)
const fly = await startFly({
  port: Number(values.port),
  org: values.org,
  apps: values.app,
  images,
  boot: values.boot as keyof typeof bootProfiles,
  seed: Number(values.seed),
  limits: { enforce: values.limits },
  ...(values.docker === undefined ? {} : { docker: { env: { DOCKER_HOST: values.docker } } }),
})
console.log(`FLY_FLAPS_BASE_URL=${fly.apiUrl.replace(/\/v1$/, '')}
FLY_API_BASE_URL=${fly.logsUrl}
FLY_API_TOKEN='${fly.token}'
# Machines API  ${fly.apiUrl}
# logs          ${fly.logsUrl}/api/v1/apps/APP/logs
# proxy         ${fly.proxyUrl}  (Host: APP.fly.dev, or fly-emulator-app: APP)
# log feed      ${fly.natsUrl}
# control       ${fly.logsUrl}/_emulator/snapshot
# organisation  ${fly.org}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void fly[Symbol.asyncDispose]().then(() => process.exit(0)))
