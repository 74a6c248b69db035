import { join } from 'node:path'
import { type ApiResult, type RunnerClient, SkeinError } from '@skein/protocol'

const PART = 512 * 1024

interface Bundled {
  id: string
  path: string
  base: string
}

/**
 * A part of the bundle that holds what a work tree has and its base has not. The file is made with the first part, and goes with the
 * last one.
 */
export async function bundlePart(
  runner: RunnerClient,
  { id, path, base }: Bundled,
  { offset = 0, commit: known }: { offset?: number | undefined; commit?: string | undefined },
): Promise<ApiResult<'workspaces.bundle'>> {
  const branch = `skein-${id}`
  const ref = `refs/heads/${branch}`
  const git = async (...args: string[]) => {
    const { code, stdout, stderr } = await runner.call('exec', { argv: ['git', '-C', path, ...args] })
    if (code !== 0) throw new SkeinError('internal', `bundling ${path}: ${stderr.trim()}`)
    return stdout
  }
  const fileOf = (commit: string) => join(runner.hello.dir, 'tmp', `bundle-${commit}`)
  let commit = known
  if (commit === undefined) {
    const published = await runner.call('git.publishBranch', {
      path,
      branch,
      message: 'Uncommitted changes',
      force: true,
    })
    commit = published.commit
    try {
      if (commit === base) return null
      await runner.call('fs.write', { path: fileOf(commit), base64: '' })
      await git('bundle', 'create', '--quiet', fileOf(commit), ref, `^${base}`)
    } finally {
      await git('update-ref', '-d', ref)
    }
  }
  const { base64, eof } = await runner.call('fs.read', { path: fileOf(commit), offset, length: PART })
  if (eof) await runner.call('fs.remove', { path: fileOf(commit) })
  return { commit, ref, base64, eof }
}
