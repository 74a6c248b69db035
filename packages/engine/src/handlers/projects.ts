import type { CallHandlers, Parts } from '../api.ts'
import { openProject, projectRow, repositoryScriptsOf, trustProject, viewProject } from '../projects/projects.ts'

export function projectHandlers({
  context,
  commands,
}: Parts): Pick<CallHandlers, 'projects.list' | 'projects.open' | 'projects.scripts' | 'projects.trust'> {
  return {
    'projects.list': async () => {
      const rows = await context.db.selectFrom('projects').selectAll().orderBy('name').execute()
      return Promise.all(rows.map((row) => viewProject(context, row)))
    },
    // Found by its path, so the same by nature; its trust is looked at anew each time.
    'projects.open': async ({ path }) => viewProject(context, await openProject(context, path)),
    'projects.scripts': async ({ projectId, ref }) =>
      repositoryScriptsOf(context, await projectRow(context, projectId), ref ?? 'HEAD'),
    'projects.trust': (params) =>
      commands.once('projects.trust', params, async () =>
        viewProject(context, await trustProject(context, await projectRow(context, params.projectId), params.hash)),
      ),
  }
}
