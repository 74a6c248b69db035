import type { CallHandlers, Parts } from '../api.ts'
import { blankProject } from '../projects/blank.ts'
import { cancelClone, cloneProject } from '../projects/clone.ts'
import { openDemo } from '../projects/demo.ts'
import { fetchProject } from '../projects/fetch.ts'
import {
  branchesOf,
  listProjects,
  openProject,
  projectRow,
  removeProject,
  repositoryScriptsOf,
  trustProject,
  viewProject,
} from '../projects/projects.ts'

type Methods = Extract<keyof CallHandlers, `projects.${string}`>

export function projectHandlers({ context, commands }: Parts): Pick<CallHandlers, Methods> {
  return {
    'projects.list': () => listProjects(context),
    // Found by its path, so the same by nature; its trust is looked at anew each time.
    'projects.open': async ({ path }) => viewProject(context, await openProject(context, path)),
    'projects.clone': (params) =>
      commands.once('projects.clone', params, async () => viewProject(context, await cloneProject(context, params))),
    // The same however often: what is there already is not brought again.
    'projects.fetch': async ({ key: _, ...wanted }, signal) => {
      const { project, commit } = await fetchProject(context, wanted, signal)
      return { project: await viewProject(context, project), commit }
    },
    'projects.blank': async ({ folders = [] }) => viewProject(context, await blankProject(context, folders)),
    'projects.cancelClone': async ({ cloneKey }) => ({ cancelled: await cancelClone(context, cloneKey) }),
    'projects.demo': (params) =>
      commands.once('projects.demo', params, async () => viewProject(context, await openDemo(context))),
    'projects.remove': (params) =>
      commands.once('projects.remove', params, async () => {
        await removeProject(context, params.projectId)
        return {}
      }),
    'projects.branches': ({ projectId }) => branchesOf(context, projectId),
    'projects.scripts': async ({ projectId, ref }) =>
      repositoryScriptsOf(context, await projectRow(context, projectId), ref ?? 'HEAD'),
    'projects.trust': (params) =>
      commands.once('projects.trust', params, async () =>
        viewProject(context, await trustProject(context, await projectRow(context, params.projectId), params.hash)),
      ),
  }
}
