/** Made machines of the settings `template` that wait for workspaces of a project. */
export interface PoolTables {
  machine_pools: {
    template: string
    project_id: string
    /** When a workspace last asked for a machine with these settings. */
    used_at: number
    /** Attempts that failed since the last that did not. */
    failures: number
    retry_at: number | null
    problem: string | null
  }
}
