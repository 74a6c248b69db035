import { execFile } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os'
import { promisify } from 'node:util'

/** What figures of this machine depend on. */
export async function machineFacts(): Promise<Record<string, string>> {
  return {
    processor: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${type()} ${release()}`,
    'file system': await fileSystem(tmpdir()),
    node: process.version,
    git: (await output('git', ['--version'])).replace('git version ', ''),
    load: loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  }
}

async function fileSystem(folder: string): Promise<string> {
  const [kind = 'unknown'] = (await output('stat', ['--file-system', '--format=%T', folder])).split('\n')
  return `${kind} (${folder})`
}

async function output(program: string, args: string[]): Promise<string> {
  return promisify(execFile)(program, args).then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  )
}
