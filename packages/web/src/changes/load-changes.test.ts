import { type ApiResult, type CallMethod, type FileChange, type SkeinApi, SkeinError } from '@skein/protocol'
import { describe, expect, it } from 'vitest'
import { type LoadedChanges, loadChanges } from './load-changes.ts'

const file = (path: string): FileChange => ({ path, status: 'modified', binary: false, added: 1, deleted: 1 })
const section = (path: string, word = 'new') =>
  `diff --git a/${path} b/${path}\nindex 1..${word} 100644\n--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-old\n+${word}\n`

interface State {
  tree: string
  sections: string[]
  /** Whether it can still be read once the work tree is another. */
  kept?: boolean
}

/** A work tree that is in the next state at each question for its present one; the last stays. */
function workspaceOf(states: State[], partSize = 40): Pick<SkeinApi, 'call'> {
  let at = 0
  const stateFor = (tree: string | undefined): State => {
    const state =
      tree === undefined ? states[Math.min(at++, states.length - 1)] : states.find((each) => each.tree === tree)
    if (!state || (tree !== undefined && state.kept === false)) throw new SkeinError('conflict', `${tree} is not kept`)
    return state
  }
  return {
    async call<M extends CallMethod>(method: M, params: unknown) {
      const { tree, to, offset = 0 } = params as { tree?: string; to?: string; offset?: number }
      const state = stateFor(tree ?? to)
      if (method === 'workspaces.changes') {
        return {
          files: state.sections.map((_, index) => file(`${index}.ts`)),
          base: 'b',
          tree: state.tree,
        } as ApiResult<M>
      }
      const patch = state.sections.join('')
      const end = Math.min(patch.length, offset + partSize)
      return { patch: patch.slice(offset, end), eof: end === patch.length, tree: state.tree } as ApiResult<M>
    },
  }
}

async function all(loading: AsyncIterable<LoadedChanges>): Promise<LoadedChanges[]> {
  const steps: LoadedChanges[] = []
  for await (const step of loading) steps.push(step)
  return steps
}

const { signal } = new AbortController()

describe('loading changes', () => {
  it('shows the first files before the last part is there', async () => {
    const api = workspaceOf([{ tree: 't1', sections: [section('0.ts'), section('1.ts'), section('2.ts')] }], 150)
    const steps = await all(loadChanges(api, { workspaceId: 'w' }, undefined, signal))
    expect(steps.map((step) => [step.patches.size, step.complete])).toEqual([
      [1, false],
      [3, true],
    ])
    expect(steps[0]?.files.length, 'all files are known from the beginning').toBe(3)
  })

  it('keeps what did not change as it was', async () => {
    const old = workspaceOf([{ tree: 't1', sections: [section('0.ts'), section('1.ts')] }])
    const before = (await all(loadChanges(old, { workspaceId: 'w' }, undefined, signal))).at(-1)
    const api = workspaceOf([{ tree: 't2', sections: [section('0.ts'), section('1.ts', 'newer')] }])
    const after = (await all(loadChanges(api, { workspaceId: 'w' }, before, signal))).at(-1)
    expect(after?.patches.get('0.ts')).toBe(before?.patches.get('0.ts'))
    expect(after?.patches.get('1.ts')).not.toBe(before?.patches.get('1.ts'))
  })

  it('begins anew when the state that it reads is gone', async () => {
    const gone: State = { tree: 'gone', kept: false, sections: [section('0.ts'), section('1.ts')] }
    const api = workspaceOf([gone, gone, { tree: 't2', sections: [section('0.ts', 'second')] }])
    const last = (await all(loadChanges(api, { workspaceId: 'w' }, undefined, signal))).at(-1)
    expect(last).toMatchObject({ tree: 't2', complete: true })
  })

  it('gives up on a work tree that changes all the time', async () => {
    const restless = Array.from({ length: 40 }, (_, index) => ({
      tree: `t${index}`,
      kept: false,
      sections: [section('0.ts'), section('1.ts')],
    }))
    await expect(all(loadChanges(workspaceOf(restless), { workspaceId: 'w' }, undefined, signal))).rejects.toThrow(
      'kept',
    )
  })

  it('takes the list of files of the very state that the patch is of', async () => {
    const api = workspaceOf([
      { tree: 't1', sections: [section('0.ts'), section('1.ts')] },
      { tree: 't2', sections: [section('0.ts')] },
    ])
    const last = (await all(loadChanges(api, { workspaceId: 'w' }, undefined, signal))).at(-1)
    expect(last?.tree).toBe('t1')
    expect(last?.files.map((each) => each.path)).toEqual(['0.ts', '1.ts'])
  })
})
