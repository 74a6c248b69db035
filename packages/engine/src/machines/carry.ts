import type { RunnerClient } from '@skein/protocol'

/** A clone on a machine. */
export interface Place {
  runner: RunnerClient
  repo: string
}

/** What a ref of ours points at there; undefined where there is none. */
export async function commitAt({ runner, repo }: Place, ref: string): Promise<string | undefined> {
  const refs = await runner.call('git.listRefs', { repo, prefix: ref })
  return refs.find((one) => one.ref === ref)?.commit
}

const PART = 512 * 1024
/** Of the newest that the other side has; what it has beyond these is carried again. */
const MOST_TIPS = 500

/**
 * Brings commits with all that they need from one machine's clone to another's, through this process, and points refs at them
 * there. Only what is missing there crosses the line. Each step may be repeated.
 *
 * @param refs ref there → commit
 */
export async function carryCommits(from: Place, to: Place, refs: Record<string, string>): Promise<void> {
  const commits = [...new Set(Object.values(refs))]
  if (commits.length === 0) return
  const { commits: have } = await to.runner.call('git.tips', { repo: to.repo, limit: MOST_TIPS })
  const packed = await from.runner.call('git.pack', { repo: from.repo, commits, have })
  if (packed.pack === null) {
    await to.runner.call('git.unpack', { repo: to.repo, shallow: packed.shallow, refs })
    return
  }
  const { path, size, sha256 } = packed.pack
  try {
    const blob = await carryFile(from.runner, { path, size, sha256 }, to.runner)
    try {
      await to.runner.call('git.unpack', { repo: to.repo, pack: blob, shallow: packed.shallow, refs })
    } finally {
      await to.runner.call('fs.remove', { path: blob }).catch(() => undefined)
    }
  } finally {
    await from.runner.call('fs.remove', { path }).catch(() => undefined)
  }
}

/** Brings a file to another machine, as a blob there; answers where it lies. A transfer that was cut goes on where it was. */
export async function carryFile(
  from: RunnerClient,
  file: { path: string; size: number; sha256: string },
  to: RunnerClient,
): Promise<string> {
  const read = (offset: number) => from.call('fs.read', { path: file.path, offset, length: PART })
  const begun = await to.call('blob.put', { sha256: file.sha256, offset: 0, base64: '', done: file.size === 0 })
  if (begun.path !== undefined) return begun.path
  let offset = Math.min(begun.have, file.size - 1)
  let next = read(offset)
  for (;;) {
    const { base64, eof } = await next
    const bytes = Buffer.byteLength(base64, 'base64')
    // The next part is read while this one travels.
    if (!eof) {
      next = read(offset + bytes)
      next.catch(() => undefined)
    }
    const { path } = await to.call('blob.put', { sha256: file.sha256, offset, base64, done: eof })
    if (path !== undefined) return path
    offset += bytes
  }
}
