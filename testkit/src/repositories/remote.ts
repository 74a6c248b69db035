import { basename, dirname, join } from 'node:path'
import { git } from './git.ts'

/** A bare copy of `repository` beside it (or at `path`), set as its `origin` with `main` tracking it. Resolves to its path. */
export async function bareRemote(
  repository: string,
  path = join(dirname(repository), `${basename(repository)}-remote.git`),
): Promise<string> {
  await git(dirname(repository), ['clone', '--quiet', '--bare', '--template=', repository, path])
  // A bare clone remembers where it came from; a real remote does not know its clones.
  await git(path, ['remote', 'remove', 'origin'])
  await git(repository, ['remote', 'add', 'origin', path])
  await git(repository, ['fetch', '--quiet', 'origin'])
  await git(repository, ['remote', 'set-head', 'origin', '--auto'])
  const branch = (await git(repository, ['branch', '--show-current'])).trim()
  await git(repository, ['branch', '--quiet', `--set-upstream-to=origin/${branch}`])
  return path
}
