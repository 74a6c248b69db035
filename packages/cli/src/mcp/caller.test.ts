import { describe, expect, it } from 'vitest'
import { scriptedSkein, session, workspace } from '../../test/scripted-skein.ts'
import { Caller, refuseMoreFreedom } from './caller.ts'

const family = [
  workspace('parent', { sessions: [session('s-parent'), session('s-older', { createdAt: 0 })] }),
  // Of the second one's child before the child itself: the order tells nothing.
  workspace('grandchild', { sessions: [session('s-grandchild', { parent: 's-child' })] }),
  workspace('child', { sessions: [session('s-child', { parent: 's-older' })] }),
  workspace('foreign'),
]
const api = scriptedSkein(family)

describe('who asks', () => {
  it('is a person’s agent outside of workspaces, and reaches all of them', async () => {
    const caller = new Caller(api, {}, '/home/me/project')
    expect(await caller.inside()).toBeUndefined()
    expect((await caller.workspaces()).map(({ name }) => name)).toEqual(['parent', 'grandchild', 'child', 'foreign'])
    expect((await caller.findToAct('parent')).name).toBe('parent')
  })

  it.each([
    { told: 'its environment', env: { SKEIN_WORKSPACE_PATH: '/workspaces/parent' }, cwd: '/elsewhere' },
    { told: 'its folder', env: {}, cwd: '/workspaces/parent/src' },
  ])('is an agent in a workspace by $told, and reaches what comes from it', async ({ env, cwd }) => {
    const caller = new Caller(api, env, cwd)
    expect((await caller.workspaces()).map(({ name }) => name)).toEqual(['parent', 'grandchild', 'child'])
    expect((await caller.findToAct('grandchild')).name).toBe('grandchild')
    await expect(caller.findToAct('parent')).rejects.toThrow('does not act on its own')
    await expect(caller.find('foreign')).rejects.toThrow('neither yours nor one that you made')
  })

  it('is the session that the environment names, else the newest', async () => {
    const at = (env: NodeJS.ProcessEnv) => new Caller(api, { SKEIN_WORKSPACE_PATH: '/workspaces/parent', ...env }, '/')
    expect((await at({ SKEIN_SESSION: 's-older' }).inside())?.session.id).toBe('s-older')
    expect((await at({}).inside())?.session.id).toBe('s-parent')
  })

  it('is nobody when its workspace is not known here', async () => {
    const caller = new Caller(api, { SKEIN_WORKSPACE_PATH: '/workspaces/gone' }, '/')
    await expect(caller.workspaces()).rejects.toMatchObject({ code: 'unauthorized' })
  })
})

it('nobody gives more freedom than they have', () => {
  expect(() => refuseMoreFreedom('plan', 'sandboxed')).not.toThrow()
  expect(() => refuseMoreFreedom('sandboxed', 'sandboxed')).not.toThrow()
  expect(() => refuseMoreFreedom('accept_edits', 'sandboxed')).toThrow('no agent of yours may work in accept_edits')
})
