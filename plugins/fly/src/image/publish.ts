import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { daemonEnvironment, SkeinError } from '@skein/plugin-api'
import { checkedAppName } from '../api/apps.ts'
import { bareToken, findToken } from '../api/token.ts'
import { onPath } from '../on-path.ts'
import { doorFiles } from './door-bundle.ts'
import { ownImage, REGISTRY } from './names.ts'
import { Registry } from './registry.ts'
import { runProgram } from './run-program.ts'

/** What Fly machines run on. */
export const FLY_PLATFORM = 'linux/amd64'

export interface PublishOptions {
  app: string
  /** `$SKEIN_HOME`. */
  home: string
  /** Of what the image below the door is made; another text is another image. */
  recipe: string
  /** Builds the image below the door for {@link FLY_PLATFORM}; answers its name. Called only where it is needed. */
  base: () => Promise<string>
  /** Build and push also what is there. */
  force?: boolean
  token?: string
  env?: Record<string, string | undefined>
  /** The registry's address. */
  registryUrl?: string
  progress: (line: string) => void
  signal: AbortSignal
}

export interface PublishedImage {
  /** For the setting `image`; machines of the app take it by themselves. */
  image: string
  /** By its content. */
  exact: string
  /** False: the registry had it. */
  pushed: boolean
}

/** Puts Skein's image with the door into an app's registry: built, then logged in, then pushed; nothing of it where the registry has it. */
export async function publishImage(options: PublishOptions): Promise<PublishedImage> {
  const { app, home, recipe, base, force = false, env = process.env, progress, signal } = options
  checkedAppName(app)
  const token = findToken({ token: options.token, home, env })
  const door = await doorFiles()
  for (const file of [door.entry, door.bundle])
    if (!existsSync(file))
      throw new SkeinError('missing', `building the image: there is no ${file}`, { next: 'Install Skein again.' })
  const hash = createHash('sha256').update(recipe)
  for (const file of [door.entry, door.bundle]) hash.update('\0').update(readFileSync(file))
  const tag = `skein-${hash.digest('hex').slice(0, 20)}`
  const image = ownImage(app)
  const exact = `${REGISTRY}/${app}:${tag}`
  const registry = new Registry({
    url: options.registryUrl ?? `https://${REGISTRY}`,
    app,
    token: bareToken(token),
    signal,
  })
  if (!force && (await registry.has(tag)) && (await registry.tag(tag, image.split(':').at(-1) ?? '')))
    return { image, exact, pushed: false }
  const docker = onPath('docker', env.PATH)
  if (docker === undefined)
    throw new SkeinError('missing', `building the image for ${app}: docker is not on PATH`, {
      next: 'Install docker (Debian: `sudo apt install docker.io`), or run this where it is; the image is needed once.',
    })
  const below = await base()
  const secret = bareToken(token)
  const common = { env: programEnvironment(env), onLine: progress, secret, signal }
  const folder = mkdtempSync(join(tmpdir(), 'skein-fly-image-'))
  try {
    copyFileSync(door.entry, join(folder, 'entry.sh'))
    copyFileSync(door.bundle, join(folder, 'door.cjs'))
    writeFileSync(join(folder, 'Dockerfile'), dockerfile(below))
    const build = ['build', '--platform', FLY_PLATFORM, '--tag', image, '--tag', exact, folder]
    await runProgram({ ...common, doing: `building the image ${image}`, argv: [docker, ...build] })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  await logIn(docker, token, common)
  for (const name of [exact, image])
    await runProgram({ ...common, doing: `pushing the image ${name}`, argv: [docker, 'push', name] })
  return { image, exact, pushed: true }
}

/** The door begins as root, so that it can give a new volume to the user; commands run as the user. */
function dockerfile(below: string): string {
  return `FROM ${below}
USER root
COPY entry.sh door.cjs /opt/skein/
ENV SKEIN_DOOR_USER=1000:1000 SKEIN_DOOR_HOME=/home/skein
ENTRYPOINT ["/bin/sh", "/opt/skein/entry.sh"]
CMD []
`
}

/** flyctl tells docker of the registry; without it, docker is told by us. The token goes over stdin or the environment, never as an argument. */
async function logIn(
  docker: string,
  token: string,
  common: Pick<Parameters<typeof runProgram>[0], 'env' | 'onLine' | 'secret' | 'signal'>,
): Promise<void> {
  const doing = `logging in to ${REGISTRY}`
  const flyctl = onPath('flyctl', common.env.PATH) ?? onPath('fly', common.env.PATH)
  if (flyctl !== undefined) {
    const env = { ...common.env, FLY_API_TOKEN: token }
    await runProgram({ ...common, env, doing, argv: [flyctl, 'auth', 'docker'] })
    return
  }
  const input = bareToken(token)
  const argv = ['login', REGISTRY, '--username', 'x', '--password-stdin'] as const
  await runProgram({ ...common, doing, argv: [docker, ...argv], input })
}

/** What docker and flyctl read; nothing else that is secret. */
function programEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const own = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && /^(DOCKER|BUILDKIT|BUILDX)_/.test(name) ? [[name, value] as const] : [],
  )
  return { ...daemonEnvironment(env), ...Object.fromEntries(own), LC_ALL: 'C' }
}
