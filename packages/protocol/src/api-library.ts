import * as z from 'zod'
import { command, query } from './api-define.ts'
import { Project } from './api-model.ts'

/** What programs need beside a person's commands: repositories by their address, workspaces of none or of several. */

/** One repository of a workspace of several. */
export const WorkspaceRepository = z.object({
  projectId: z.string(),
  /** Below the workspace. */
  folder: z.string().regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^/\0][^\0]*(?<!\/)$/),
  /** A commit, or what the project knows one by. */
  base: z.string(),
  branch: z.string().optional(),
})
export type WorkspaceRepository = z.infer<typeof WorkspaceRepository>

export const libraryMethods = {
  'projects.fetch': command(
    'A repository by its address: cloned among Skein’s own files if it was not, and brought up to date. Answers the commit that was asked for.',
    {
      url: z.string().min(1),
      /** Of the three at most one; the default branch where there is none. */
      branch: z.string().min(1).optional(),
      tag: z.string().min(1).optional(),
      commit: z
        .string()
        .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
        .optional(),
      /** So many commits of history and no more. */
      depth: z.number().int().positive().optional(),
      submodules: z.boolean().optional(),
      /** For the host of the address; kept nowhere. */
      credential: z.object({ username: z.string(), password: z.string().min(1) }).optional(),
    },
    z.object({ project: Project, commit: z.string() }),
  ),
  'projects.blank': command(
    'A project with nothing in it: for a workspace without a repository, or above the folders of several.',
    { folders: z.array(z.string()).optional() },
    Project,
  ),
  'workspaces.bundle': query(
    'The commits of a workspace that its base has not, uncommitted changes as the last of them, as a git bundle; null where there are none.',
    z.object({
      workspaceId: z.string(),
      /** Of the repository in this folder, where there are several. */
      folder: z.string().optional(),
      offset: z.number().int().nonnegative().optional(),
      /** The commit that an earlier part's answer named: parts of one commit belong together. */
      commit: z.string().optional(),
    }),
    z.object({ commit: z.string(), ref: z.string(), base64: z.string(), eof: z.boolean() }).nullable(),
  ),
} as const
