/** What the library needs of the store. */
export interface LibraryTables {
  workspace_repositories: WorkspaceRepositoryTable
}

/** A repository of a workspace of several. */
export interface WorkspaceRepositoryTable {
  workspace_id: string
  /** Below the workspace. */
  folder: string
  position: number
  project_id: string
  branch: string
  /** A commit. */
  base: string
  /** What was kept of it when the workspace was removed. */
  snapshot_ref: string | null
}
