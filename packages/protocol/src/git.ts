import * as z from 'zod'

/**
 * Git work that the runner does in one round trip. Paths are absolute and on the runner's machine. `repo` is the clone that
 * work trees are made from; the user's own checkout of it is never touched.
 */

const path = z.string().startsWith('/')
const method = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R) => ({ params, result })

export const FileChange = z.object({
  path: z.string(),
  /** Set for renames and copies. */
  oldPath: z.string().optional(),
  status: z.enum(['added', 'modified', 'deleted', 'renamed', 'copied', 'type_changed', 'unmerged']),
  oldMode: z.string().optional(),
  newMode: z.string().optional(),
  binary: z.boolean(),
  /** Lines; 0 for binary files. */
  added: z.number().int(),
  deleted: z.number().int(),
})
export type FileChange = z.infer<typeof FileChange>

export const GitStatus = z.object({
  head: z.string().nullable(),
  /** null: detached. */
  branch: z.string().nullable(),
  staged: z.number().int(),
  unstaged: z.number().int(),
  untracked: z.number().int(),
  unmerged: z.number().int(),
  /** Commits on HEAD that the base has not. */
  ahead: z.number().int(),
  /** Commits of the base that HEAD has not. */
  behind: z.number().int(),
  /** Commits on HEAD that no remote-tracking branch and no other local branch has. */
  unpushed: z.number().int(),
  /** An unfinished merge, rebase, cherry-pick, revert or bisect. */
  inProgress: z.enum(['merge', 'rebase', 'cherry_pick', 'revert', 'bisect']).optional(),
})
export type GitStatus = z.infer<typeof GitStatus>

const nothingGit = z.object({})

export const gitMethods = {
  /** What a repository is: asked before a workspace is made, so that each impossible case is told in the words of that case. */
  'git.inspect': method(
    z.object({ path }),
    z.object({
      /** `none`: not a repository. */
      kind: z.enum(['none', 'worktree', 'bare']),
      root: z.string().optional(),
      /** The folder that holds objects and refs, shared by all work trees. */
      commonDir: z.string().optional(),
      head: z.string().nullable(),
      branch: z.string().nullable(),
      empty: z.boolean(),
      shallow: z.boolean(),
      remotes: z.array(z.object({ name: z.string(), url: z.string() })),
      defaultBranch: z.string().nullable(),
      gitVersion: z.string(),
      problem: z.string().optional(),
    }),
  ),

  /** Resolves a base to a commit: locally when it is there, else by one fetch of that one ref. */
  'git.resolve': method(
    z.object({ repo: path, ref: z.string() }),
    z.object({ commit: z.string(), fetched: z.boolean(), ref: z.string() }),
  ),

  /**
   * A work tree at `path` on a new branch at `base`, from the warm pool when one waits there. Idempotent: a work tree that is
   * already there on that branch is the answer.
   */
  'git.createWorkspace': method(
    z.object({
      repo: path,
      path,
      branch: z.string(),
      /** A commit. */
      base: z.string(),
      /** The pool's folder; absent: no pool. */
      pool: path.optional(),
      /** Check out a branch that exists instead of making it. */
      existing: z.boolean().optional(),
      /** Run the clone's own hooks (post-checkout). Only for trusted projects. */
      hooks: z.boolean().optional(),
    }),
    z.object({ head: z.string(), fromPool: z.boolean(), existed: z.boolean() }),
  ),
  /** Brings ignored files that match the patterns of `.worktreeinclude` (gitignore syntax) from `from` to `to`, by reference where the file system can. */
  'git.includeFiles': method(
    z.object({ from: path, to: path, patterns: z.array(z.string()).optional() }),
    z.object({
      files: z.array(z.string()),
      bytes: z.number(),
      cloned: z.boolean(),
      skipped: z.array(z.object({ path: z.string(), why: z.string() })),
    }),
  ),

  'git.status': method(z.object({ path, base: z.string().optional() }), GitStatus),
  /** Everything that differs between `base` and the work tree: committed, staged, unstaged and untracked; or between two trees. */
  'git.changes': method(
    z.object({
      path,
      base: z.string(),
      /** Not the work tree as it is now, but a tree that an answer named or a snapshot holds. */
      tree: z.string().optional(),
    }),
    z.object({
      files: z.array(FileChange),
      base: z.string(),
      tree: z.string(),
      /** The commit that is checked out; null before the first. */
      head: z.string().nullable(),
    }),
  ),
  /**
   * The same as a patch that `git apply` takes (binary, renames, modes). Parts of at most 512 KiB, cut at a character:
   * ask with `offset` (characters) until `eof`. Answers of one `tree` belong together.
   */
  'git.diff': method(
    z.object({
      path,
      base: z.string(),
      tree: z.string().optional(),
      paths: z.array(z.string()).optional(),
      offset: z.number().int().nonnegative().optional(),
      context: z.number().int().nonnegative().optional(),
      ignoreWhitespace: z.boolean().optional(),
    }),
    z.object({ patch: z.string(), eof: z.boolean(), tree: z.string() }),
  ),
  /**
   * A part (at most 512 KiB) of one file: of the work tree (`work`), or of a commit or tree. null where there is none.
   * `size` is the whole file's; one of more than 20 MiB is refused.
   */
  'git.file': method(
    z.object({ path, file: z.string(), at: z.string(), offset: z.number().int().nonnegative().optional() }),
    z.object({ base64: z.string(), size: z.number(), eof: z.boolean() }).nullable(),
  ),
  /** Names of tracked and untracked files, not ignored ones, that match a query; the best first. */
  'git.files': method(
    z.object({ path, query: z.string().optional(), limit: z.number().int().positive() }),
    z.object({ paths: z.array(z.string()) }),
  ),
  /** Stages (or unstages) whole files, the hunks of a patch, or both. A patch that does not fit is refused, and nothing done. */
  'git.stage': method(
    z.object({
      path,
      base: z.string().optional(),
      paths: z.array(z.string()).optional(),
      patch: z.string().optional(),
      unstage: z.boolean().optional(),
    }),
    GitStatus,
  ),
  /**
   * Takes changes against `base` out of the work tree and its index: of whole files, or the hunks of a patch (as `git.diff`
   * gives it, applied backwards). What was there is kept under `ref` first.
   */
  'git.discard': method(
    z.object({
      path,
      base: z.string(),
      ref: z.string().startsWith('refs/skein/'),
      paths: z.array(z.string()).optional(),
      patch: z.string().optional(),
    }),
    z.object({ commit: z.string(), paths: z.array(z.string()) }),
  ),
  /** Brings back what a discard took away, as far as it was not changed since. */
  'git.undiscard': method(z.object({ path, ref: z.string().startsWith('refs/skein/') }), z.object({})),
  /** Branches that work can begin from: the one that is checked out, the default one, then the most recent. */
  'git.branches': method(
    z.object({ repo: path }),
    z.object({ branches: z.array(z.string()), head: z.string().nullable() }),
  ),
  /** Commits all changes (untracked too) on the work tree's branch, or what is staged; null when there is nothing to commit. */
  'git.commit': method(
    z.object({
      path,
      message: z.string(),
      /** Only what is staged. */
      staged: z.boolean().optional(),
      author: z.object({ name: z.string(), email: z.string() }).optional(),
      hooks: z.boolean().optional(),
    }),
    z.object({ commit: z.string().nullable() }),
  ),

  /** Keeps HEAD, the index, tracked and untracked files (not ignored ones) under `ref`, changing nothing else. */
  'git.snapshot': method(
    z.object({ path, ref: z.string().startsWith('refs/skein/'), message: z.string() }),
    z.object({
      commit: z.string(),
      head: z.string(),
      branch: z.string().nullable(),
      dirty: z.boolean(),
      /** Of the files. */
      tree: z.string(),
    }),
  ),
  /** Keeps the work tree's files alone, as a tree under `ref`: a comparison needs no more, and it is quicker. */
  'git.keepTree': method(z.object({ path, ref: z.string().startsWith('refs/skein/') }), z.object({ tree: z.string() })),
  /** Makes a work tree from a snapshot, with the same HEAD, branch, index, and files. Idempotent. */
  'git.restore': method(
    z.object({ repo: path, path, ref: z.string().startsWith('refs/skein/'), branch: z.string() }),
    z.object({ head: z.string(), branch: z.string() }),
  ),
  /**
   * Takes a work tree away at once and frees its space in the background. Refuses to while it holds what no ref has,
   * unless `snapshotRef` exists and covers it or `force` is set. Idempotent.
   */
  'git.removeWorkspace': method(
    z.object({
      repo: path,
      path,
      branch: z.string().optional(),
      deleteBranch: z.boolean(),
      snapshotRef: z.string().optional(),
      force: z.boolean().optional(),
      trash: path,
    }),
    z.object({ removed: z.boolean() }),
  ),
  'git.deleteRef': method(z.object({ repo: path, ref: z.string().startsWith('refs/skein/') }), z.object({})),
  /** Snapshots under `refs/skein/`, with their times (Unix milliseconds). */
  'git.listRefs': method(
    z.object({ repo: path, prefix: z.string().startsWith('refs/skein/') }),
    z.array(z.object({ ref: z.string(), commit: z.string(), at: z.number() })),
  ),
  /** Work trees of ours below `under`, and what they belong to; for the reaper. */
  'git.listWorkspaces': method(
    z.object({ repo: path, under: path }),
    z.array(
      z.object({ path: z.string(), branch: z.string().nullable(), head: z.string().nullable(), missing: z.boolean() }),
    ),
  ),

  /** Brings the work tree's changes against `base` into another checkout (three-way, all or nothing), as uncommitted changes. */
  'git.applyTo': method(
    z.object({ path, base: z.string(), target: path, check: z.boolean().optional() }),
    z.object({
      applied: z.boolean(),
      conflicts: z.array(z.string()),
      files: z.number().int(),
      message: z.string().optional(),
    }),
  ),
  /** A ref moved (or made) to point at the work tree's state, its changes committed on top of HEAD; nothing checked out. */
  'git.publishBranch': method(
    z.object({ path, branch: z.string(), message: z.string(), force: z.boolean().optional() }),
    z.object({ commit: z.string() }),
  ),

  /** Makes `path` a bare repository of ours, for work trees of a clone that is on another machine. Idempotent. */
  'git.initialise': method(
    z.object({ path, defaultBranch: z.string().optional() }),
    z.object({ existed: z.boolean() }),
  ),
  /** Commits that refs of ours and branches point to, the newest first: what need not be brought there again. */
  'git.tips': method(
    z.object({ repo: path, limit: z.number().int().positive() }),
    z.object({ commits: z.array(z.string()) }),
  ),
  /**
   * Commits with everything they need, less what the other side has, as a file for `fs.read`; the caller removes it. `pack` is null
   * where the other side has all. `shallow`: where the history that was given ends.
   */
  'git.pack': method(
    z.object({ repo: path, commits: z.array(z.string()).min(1), have: z.array(z.string()) }),
    z.object({
      pack: z.object({ path: z.string(), size: z.number(), sha256: z.string() }).nullable(),
      shallow: z.array(z.string()),
    }),
  ),
  /** Takes a pack in and points refs at its commits, all or nothing. A commit that is not whole is refused. Idempotent. */
  'git.unpack': method(
    z.object({
      repo: path,
      /** A file on this machine; absent: everything is there already. */
      pack: path.optional(),
      shallow: z.array(z.string()),
      refs: z.record(z.string().startsWith('refs/'), z.string()),
    }),
    nothingGit,
  ),

  /** Content of one file at a commit; null where there is none. At most 1 MiB. */
  'git.show': method(
    z.object({ repo: path, commit: z.string(), file: z.string() }),
    z.object({ base64: z.string() }).nullable(),
  ),
  /** Files of a commit below any of the paths, with their blob hashes; what trust of repository scripts is computed from. */
  'git.listFiles': method(
    z.object({ repo: path, commit: z.string(), paths: z.array(z.string()) }),
    z.array(z.object({ path: z.string(), blob: z.string(), mode: z.string() })),
  ),

  /** Work trees made beforehand. Keeps `size` of them at `base`; 0 empties the pool. Answers at once; the work goes on behind. */
  'git.poolFill': method(
    z.object({ repo: path, pool: path, base: z.string(), size: z.number().int().nonnegative() }),
    z.object({ ready: z.number().int(), making: z.number().int() }),
  ),
  'git.poolStatus': method(z.object({ pool: path }), z.object({ ready: z.number().int(), making: z.number().int() })),
} as const
