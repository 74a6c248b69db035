import { type GitStatus, type RunnerParams, SkeinError } from '@skein/protocol'
import type { GitContext } from './context.ts'
import { bytesOf } from './file-names.ts'
import { git } from './git.ts'
import { openWorkTree } from './open-work-tree.ts'
import { findObjectId } from './repository.ts'
import { readStatus } from './status.ts'

type Params = RunnerParams<'git.stage'>

/** Stages or unstages whole files and hunks. The patch is tried first, so that a refusal has changed nothing. */
export async function stage(context: GitContext, params: Params, signal?: AbortSignal): Promise<GitStatus> {
  const { path, paths = [], patch, unstage = false, base } = params
  const doing = `${unstage ? 'unstaging' : 'staging'} changes in ${path}`
  const repository = await openWorkTree(context, path, signal)
  await context.places.run(repository.gitDir, async () => {
    const call = { doing, at: path, signal }
    const flags = ['--cached', ...(unstage ? ['--reverse'] : [])]
    const applies = patch === undefined ? false : await checkPatch(patch, flags, call)
    if (paths.length > 0) await (unstage ? unstageFiles(paths, call) : stageFiles(paths, call))
    if (patch !== undefined && applies)
      await git(['apply', ...flags, '--whitespace=nowarn', '-'], { ...call, input: patch, writes: true })
  })
  return readStatus(context, { path, ...(base === undefined ? {} : { base }) }, signal)
}

interface Call {
  doing: string
  at: string
  env?: Record<string, string>
  signal: AbortSignal | undefined
}

/** Whether the patch is still to be applied; false when it is applied already. Throws `conflict` when it does not fit. */
export async function checkPatch(patch: string, flags: readonly string[], call: Call): Promise<boolean> {
  const check = (more: readonly string[]) =>
    git(['apply', '--check', ...more, '--whitespace=nowarn', '-'], { ...call, input: patch, answers: [1, 128] })
  const forward = await check(flags)
  if (forward.code === 0) return true
  const reversed = flags.includes('--reverse') ? flags.filter((flag) => flag !== '--reverse') : [...flags, '--reverse']
  if ((await check(reversed)).code === 0) return false
  const [said = 'it does not apply'] = forward.stderr.split('\n').filter((line) => line.startsWith('error: '))
  throw new SkeinError('conflict', `${call.doing}: the hunks do not fit any more (${said.replace(/^error: /, '')})`, {
    next: 'The file has changed since it was shown. Look at the changes again.',
  })
}

async function stageFiles(paths: readonly string[], call: Call): Promise<void> {
  await git(['add', '--all', '--sparse', ...LITERALLY], { ...call, writes: true, input: specs(paths) })
}

async function unstageFiles(paths: readonly string[], call: Call): Promise<void> {
  const head = await findObjectId('HEAD', 'commit', call)
  const verb = head === undefined ? ['rm', '--cached', '-r', '--quiet', '--ignore-unmatch'] : ['reset', '--quiet']
  await git([...verb, ...LITERALLY], { ...call, writes: true, input: specs(paths) })
}

const LITERALLY = ['--pathspec-from-file=-', '--pathspec-file-nul']

function specs(paths: readonly string[]): Buffer {
  return Buffer.concat(
    paths.map((path) => Buffer.concat([Buffer.from(':(top,literal)'), bytesOf(path), Buffer.from([0])])),
  )
}
