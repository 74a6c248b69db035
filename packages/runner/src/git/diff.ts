import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunnerParams, RunnerResult } from '@skein/protocol'
import { COMPARISON } from './changes.ts'
import type { GitContext } from './context.ts'
import { fieldsOf } from './file-names.ts'
import { git } from './git.ts'
import { readPart, type SpilledPatch, spill, spilled } from './spilled-patch.ts'
import { comparedStates, type WorkTreeState } from './work-tree-state.ts'

type Params = RunnerParams<'git.diff'>

/**
 * A part of the patch from the base to the work tree. The whole patch is written to a scratch file once, and parts of it, or of
 * some files, are read from there.
 */
export async function readDiff(
  context: GitContext,
  params: Params,
  signal?: AbortSignal,
): Promise<RunnerResult<'git.diff'>> {
  const { path, tree } = params
  const doing = `comparing ${path} with ${params.base}`
  const { state, base } = await comparedStates(context, { path, base: params.base, tree, doing }, signal)
  const { folder, outline } = await patchOf(context, state, { ...params, base, doing, signal })
  const part = await readPart(folder, outline, { paths: params.paths, offset: params.offset ?? 0 })
  return { ...part, tree: state.tree }
}

interface Comparison extends Pick<Params, 'context' | 'ignoreWhitespace'> {
  base: string
  doing: string
  signal: AbortSignal | undefined
}

async function patchOf(
  context: GitContext,
  state: WorkTreeState,
  comparison: Comparison,
): Promise<{ folder: string; outline: SpilledPatch }> {
  const key = [state.repository.commonDir, comparison.base, state.tree, comparison.context, comparison.ignoreWhitespace]
  const name = `patch-${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 40)}`
  const folder = context.scratch.path(name)
  // One after the other, so that the first asked does the work for all.
  const outline = await context.places.run(folder, async () => {
    const there = (await context.scratch.keep(name)) ? await spilled(folder) : undefined
    return there ?? makePatch(context, state, comparison, folder)
  })
  return { folder, outline }
}

async function makePatch(
  context: GitContext,
  state: WorkTreeState,
  comparison: Comparison,
  folder: string,
): Promise<SpilledPatch> {
  return context.scratch.with(async (making) => {
    const raw = join(making, 'raw')
    await writeRaw(raw, state, comparison)
    const { doing, signal } = comparison
    const call = { doing, at: state.repository.at, env: state.env, signal }
    const outline = await spill(making, raw, async (id) => (await git(['cat-file', 'blob', id], call)).stdout)
    await context.scratch.drop(raw)
    await context.scratch.drop(folder)
    await rename(making, folder)
    return outline
  })
}

async function writeRaw(path: string, { repository, env, tree }: WorkTreeState, comparison: Comparison): Promise<void> {
  const { base, doing, signal, context, ignoreWhitespace } = comparison
  const call = { doing, at: repository.at, env, signal }
  const names = await git(['diff-tree', ...COMPARISON, '--name-only', '-z', base, tree], call)
  // Quoting spares what is not ASCII where it can, for those who read the patch.
  const quotePath = fieldsOf(names.stdout).some((name) => !isUtf8(name))
  const flags = [
    '--patch',
    '--binary',
    '--full-index',
    '--src-prefix=a/',
    '--dst-prefix=b/',
    `--unified=${context ?? 3}`,
  ]
  if (ignoreWhitespace === true) flags.push('--ignore-all-space')
  const out = await open(path, 'w')
  try {
    const settings = ['-c', `core.quotePath=${quotePath}`, '-c', 'diff.suppressBlankEmpty=false']
    await git([...settings, 'diff-tree', ...COMPARISON, ...flags, base, tree], { ...call, stdout: out.fd })
  } finally {
    await out.close()
  }
}
