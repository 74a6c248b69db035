import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SkeinError } from '@skein/plugin-api'
import type { ContainerEngine } from '../engine/engine.ts'
import { onPath } from '../engine/find.ts'

const RELEASE = 'bookworm'
const MAKING_MS = 30 * 60_000

/** A minimal Debian, made on this computer by debootstrap where no registry can be reached. Its image is kept, and found the next time. */
export async function debianBase(
  engine: ContainerEngine,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const name = `skein/debian:${RELEASE}`
  if ((await engine.attempt('looking for a Debian', ['image', 'inspect', name], { signal })).code === 0) return name
  const debootstrap = onPath('debootstrap')
  if (!debootstrap || process.getuid?.() !== 0)
    throw new SkeinError(
      'missing',
      `making a Debian for the image: ${debootstrap ? 'only root can' : 'debootstrap is not on PATH'}`,
      {
        next: 'Run it as root where `debootstrap` is installed (`apt install debootstrap`; it is in /usr/sbin), or name a base image with --from.',
      },
    )
  const folder = await mkdtemp(join(tmpdir(), 'skein-debian-'))
  try {
    const { platform } = await engine.info(signal)
    const options = ['--variant=minbase', `--arch=${platform.split('/')[1]}`]
    progress(`making a Debian with debootstrap (a minute or more)`)
    await told(debootstrap, [...options, RELEASE, join(folder, 'root')], progress, signal)
    const tar = spawn('tar', ['-C', join(folder, 'root'), '-c', '--exclude=./var/cache/apt/archives/*.deb', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    progress(`importing it as ${name}`)
    await engine.run('importing the Debian', ['import', '-', name], { signal, input: tar.stdout, timeoutMs: MAKING_MS })
    return name
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function told(
  program: string,
  args: string[],
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(MAKING_MS)]),
  })
  const tail: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      progress(line)
      tail.push(line)
      if (tail.length > 8) tail.shift()
    })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(SkeinError.from(error, `running ${program}`)))
    child.once('close', resolve)
  })
  if (code !== 0)
    throw new SkeinError(
      'unavailable',
      `making a Debian for the image: debootstrap ended with ${code}\n${tail.join('\n')}`,
      {
        next: 'See whether Debian’s mirror can be reached.',
      },
    )
}
