import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { commitAll, git, initRepository, writeFiles } from './git.ts'

export interface SubmoduleRepository {
  /** The project. */
  path: string
  /** Where its submodule `vendor/palette` comes from. */
  palette: string
  /** Ignored files that `.worktreeinclude` names: a workspace needs them. */
  included: string[]
  /** Ignored files that it does not name: a workspace must not have them. */
  excluded: string[]
  /** A file kept by LFS: in the tree stands a pointer, in `.git/lfs` this content. */
  large: { path: string; pointer: string; content: Buffer }
}

/** In `dir`, a project with what makes a checkout more than its tracked files: a submodule, ignored files, LFS pointers. */
export async function submoduleRepository(dir: string): Promise<SubmoduleRepository> {
  const path = join(dir, 'app')
  const palette = join(dir, 'palette')
  await initRepository(palette)
  await writeFiles(palette, { 'colours.json': '{ "ink": "#1b1f24", "paper": "#ffffff" }\n' })
  await commitAll(palette, 'Two colours')

  await initRepository(path)
  const large = largeFile()
  await writeFiles(path, { ...TRACKED, [large.path]: large.pointer })
  await git(path, ['submodule', '--quiet', 'add', palette, 'vendor/palette'])
  await commitAll(path, 'An app with a submodule and large files')
  await writeFiles(path, { ...INCLUDED, ...EXCLUDED, [lfsObject(large.content)]: large.content })
  return { path, palette, included: Object.keys(INCLUDED), excluded: Object.keys(EXCLUDED), large }
}

const TRACKED = {
  'README.md': '# app\n\nNeeds `.env` and its submodule.\n',
  '.gitignore': '.env\n.env.*\n!.env.example\nnode_modules/\nbuild/\nconfig/*.local.json\n',
  '.gitattributes': '*.psd filter=lfs diff=lfs merge=lfs -text\n',
  '.worktreeinclude': '# what a new workspace needs\n.env\n.env.local\nnode_modules/\nconfig/*.local.json\n',
  '.env.example': 'DATABASE_URL=\n',
  'src/app.js': "import { paint } from 'tiny-paint'\n\npaint(process.env.DATABASE_URL)\n",
  'config/default.json': '{ "port": 3000 }\n',
}

const INCLUDED = {
  '.env': 'DATABASE_URL=postgres://localhost/app\nSECRET=not-in-git\n',
  '.env.local': 'DEBUG=1\n',
  'config/ada.local.json': '{ "port": 3001 }\n',
  'node_modules/tiny-paint/package.json': '{ "name": "tiny-paint", "version": "1.0.0", "main": "index.js" }\n',
  'node_modules/tiny-paint/index.js': 'exports.paint = (colour) => console.log(colour)\n',
  'node_modules/.bin/tiny-paint': '#!/bin/sh\necho paint\n',
}

const EXCLUDED = {
  'build/app.js': '// built\n',
  '.env.production': 'SECRET=stays-here\n',
}

function largeFile(): SubmoduleRepository['large'] {
  const content = Buffer.from(Array.from({ length: 65_536 }, (_, n) => (n * 7 + (n >> 8)) % 256))
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${content.length}\n`
  return { path: 'art/poster.psd', pointer, content }
}

function lfsObject(content: Buffer): string {
  const oid = sha256(content)
  return join('.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
