import { spawn } from 'node:child_process'
import { SkeinError } from '@skein/protocol'

/**
 * Copies a file, a link or a whole folder, by reference where the file system can. `fs.cp` does not clone everywhere and makes
 * relative links absolute, so it is `cp`.
 */
export async function copyWhole(source: string, target: string, signal?: AbortSignal): Promise<void> {
  const args =
    process.platform === 'darwin'
      ? ['-c', '-R', '-P', '-p', source, target]
      : ['-a', '--reflink=auto', '--', source, target]
  await run('cp', args, `copying ${source}`, signal)
}

/** The space of files and folders on disk, in bytes; 0 where it cannot be told. */
export async function sizeOf(paths: readonly string[], signal?: AbortSignal): Promise<number> {
  let bytes = 0
  // So many at once that they fit on a command line.
  for (let at = 0; at < paths.length; at += 500) {
    const text = await run('du', ['-s', '-k', '--', ...paths.slice(at, at + 500)], 'measuring files', signal).catch(
      () => '',
    )
    for (const [, kibibytes] of text.matchAll(/^(\d+)\t/gm)) bytes += Number(kibibytes) * 1024
  }
  return bytes
}

function run(command: string, args: readonly string[], doing: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = (stderr + chunk).slice(-4_096)
    })
    child.on('error', (error) => {
      if (signal?.aborted) reject(new SkeinError('cancelled', `${doing} was cancelled`, { cause: error }))
      else reject(SkeinError.from(error, doing))
    })
    child.on('close', (code) => {
      if (code === 0) return resolve(stdout)
      const said = stderr.trim().split('\n').at(-1) ?? ''
      const isFull = /No space left|quota exceeded/i.test(stderr)
      reject(
        new SkeinError(isFull ? 'disk_full' : 'unavailable', `${doing}: ${said}`, {
          next: isFull ? 'Free some space, then try again.' : 'Check that the files can be read.',
        }),
      )
    })
  })
}
