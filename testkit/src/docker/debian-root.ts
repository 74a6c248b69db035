import { execFile } from 'node:child_process'
import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { lstat, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { SkeinError } from '@skein/protocol'
import type { Dockerd } from './dockerd.ts'

const run = promisify(execFile)
const OUTPUT = { maxBuffer: 64 * 1024 * 1024 }
/** What an agent's container has, as far as this computer has it. */
const PACKAGES = [
  ...['base-files', 'base-passwd', 'bash', 'ca-certificates', 'coreutils', 'curl', 'dash', 'debianutils', 'findutils'],
  ...[
    'git',
    'grep',
    'gzip',
    'hostname',
    'libc-bin',
    'libstdc++6',
    'mawk',
    'ncurses-bin',
    'openssh-client',
    'passwd',
    'procps',
    'sed',
    'tar',
    'util-linux',
  ],
]
const LEFT_OUT = /^\/usr\/share\/(doc|man|locale|info|bash-completion)\//
/** Made by what packages run, so in none of them. */
const MADE_HERE = [
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/etc/alternatives',
  '/etc/ssl/certs',
  '/usr/bin/awk',
  '/usr/bin/which',
]
const OWN_FILES = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
}

/**
 * A small Debian as an image: this computer's own, package by package, because no registry can be asked for one and debootstrap takes minutes.
 * None of this computer's configuration or data is in it. Its archive is kept with the fixtures.
 */
export async function debianImage(dockerd: Dockerd, name = 'skein-test/debian'): Promise<string> {
  await dockerd.docker('import', await debianArchive(), name)
  return name
}

async function debianArchive(): Promise<string> {
  const fixtures = join(tmpdir(), 'skein-fixtures')
  const file = join(fixtures, 'debian-root-4.tar')
  if (await stat(file).catch(() => undefined)) return file
  await mkdir(fixtures, { recursive: true })
  const folder = await mkdtemp(join(fixtures, 'debian-'))
  try {
    const list = join(folder, 'files')
    await writeFile(list, (await filesOf(await closure(PACKAGES))).join('\0'))
    await mkdir(join(folder, 'etc'))
    for (const [name, content] of Object.entries(OWN_FILES)) await writeFile(join(folder, name), content)
    const archive = join(folder, 'root.tar')
    const rootOwns = ['--owner=0', '--group=0', '--numeric-owner']
    await run(
      'tar',
      ['-cf', archive, ...rootOwns, '-C', '/', '--no-recursion', '--null', `--files-from=${list}`],
      OUTPUT,
    )
    await run('tar', ['-rf', archive, ...rootOwns, '-C', folder, ...Object.keys(OWN_FILES)], OUTPUT)
    await rename(archive, file)
    return file
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The packages and all that they depend on. */
async function closure(wanted: readonly string[]): Promise<string[]> {
  const format = `${['Package', 'Pre-Depends', 'Depends', 'Provides'].map((field) => `\${${field}}`).join('\\t')}\\n`
  const { stdout } = await run('dpkg-query', ['--show', `--showformat=${format}`], OUTPUT).catch((cause: unknown) => {
    throw new SkeinError('missing', 'making an image of this computer’s packages: it has no dpkg', {
      next: 'Run these tests on Debian.',
      cause,
    })
  })
  const needs = new Map<string, string[]>()
  const providers = new Map<string, string>()
  for (const line of stdout.split('\n')) {
    const [name = '', before = '', depends = '', provides = ''] = line.split('\t')
    needs.set(name, [...namesIn(before), ...namesIn(depends)])
    for (const virtual of namesIn(provides)) providers.set(virtual, name)
  }
  const found = new Set<string>()
  const queue = [...wanted]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const real = needs.has(name) ? name : providers.get(name)
    if (real === undefined || found.has(real)) continue
    found.add(real)
    queue.push(...(needs.get(real) ?? []))
  }
  return [...found]
}

function namesIn(depends: string): string[] {
  return depends.split(/[,|]/).flatMap((entry) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(entry)?.[1] ?? [])
}

/** Relative to the root, and by the folder that is meant where `/bin` is a link to `/usr/bin`. */
async function filesOf(packages: readonly string[]): Promise<string[]> {
  const { stdout } = await run('dpkg-query', ['--listfiles', ...packages], OUTPUT)
  const listed = [...stdout.split('\n'), ...MADE_HERE, ...MADE_HERE.flatMap(below)]
  const paths = listed.filter((path) => path.startsWith('/') && path !== '/.' && !LEFT_OUT.test(path))
  const files = new Set<string>()
  for (const path of paths) {
    const stats = await lstat(path).catch(() => undefined)
    if (!stats || stats.isSocket() || stats.isFIFO()) continue
    const real = MADE_HERE.includes(path) ? path : join(realpathSync(dirname(path)), basename(path))
    if (!isConfigurationOfThisComputer(real)) files.add(real.slice(1))
  }
  return [...files].sort()
}

function below(folder: string): string[] {
  if (!folder.startsWith('/etc/')) return linksTo(folder)
  return readdirSync(folder).map((name) => join(folder, name))
}

/** `/usr/bin/awk` leads to `/etc/alternatives/awk`; both are listed already. */
function linksTo(path: string): string[] {
  try {
    const target = readlinkSync(path)
    return target.startsWith('/') ? [target] : []
  } catch {
    return []
  }
}

function isConfigurationOfThisComputer(path: string): boolean {
  return /^\/etc\/(passwd|group|shadow|gshadow|hosts|hostname|resolv\.conf|gitconfig|environment)$/.test(path)
}
