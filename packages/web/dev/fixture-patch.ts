import type { FileChange } from '@skein/protocol'

/** A changed file for developing the review pages: its row in the list and its section of the patch. */
export interface FixtureFile {
  change: FileChange
  section: string
  before?: string
  after?: string
}

type Edit = [old: string[], now: string[]]

/** The patch of a file whose lines are `unchanged` but for some edits, each after so many lines. */
export function editedFile(path: string, lines: number, edits: Map<number, Edit>, oldPath?: string): FixtureFile {
  const line = (index: number) => unchangedLine(path, index)
  const before: string[] = []
  const after: string[] = []
  const hunks: string[] = []
  let added = 0
  let deleted = 0
  for (let index = 0; index < lines; index++) {
    const edit = edits.get(index)
    if (!edit) {
      before.push(line(index))
      after.push(line(index))
      continue
    }
    const [old, now] = edit
    const context = (from: number) =>
      [from, from + 1, from + 2].filter((at) => at >= 0 && at < lines && !edits.has(at)).map((at) => ` ${line(at)}`)
    const lead = context(index - 3)
    const tail = context(index + 1)
    const counts = { old: lead.length + old.length + tail.length, now: lead.length + now.length + tail.length }
    const starts = { old: before.length - lead.length + 1, now: after.length - lead.length + 1 }
    hunks.push(
      [
        `@@ -${starts.old},${counts.old} +${starts.now},${counts.now} @@ export function part${index}()`,
        ...lead,
        ...old.map((text) => `-${text}`),
        ...now.map((text) => `+${text}`),
        ...tail,
      ].join('\n'),
    )
    before.push(...old)
    after.push(...now)
    added += now.length
    deleted += old.length
  }
  const moved = oldPath === undefined ? '' : `similarity index 90%\nrename from ${oldPath}\nrename to ${path}\n`
  return {
    change: {
      path,
      ...(oldPath === undefined ? {} : { oldPath }),
      status: oldPath === undefined ? 'modified' : 'renamed',
      binary: false,
      added,
      deleted,
    },
    section: `diff --git a/${oldPath ?? path} b/${path}\n${moved}index ${blob(path, 1)}..${blob(path, 2)} 100644\n--- a/${oldPath ?? path}\n+++ b/${path}\n${hunks.join('\n')}\n`,
    before: `${before.join('\n')}\n`,
    after: `${after.join('\n')}\n`,
  }
}

export function addedFile(path: string, lines: readonly string[]): FixtureFile {
  return {
    change: { path, status: 'added', newMode: '100644', binary: false, added: lines.length, deleted: 0 },
    section: `diff --git a/${path} b/${path}\nnew file mode 100644\nindex ${blob('', 0)}..${blob(path, 2)}\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join('')}`,
    after: `${lines.join('\n')}\n`,
  }
}

export function deletedFile(path: string, lines: readonly string[]): FixtureFile {
  return {
    change: { path, status: 'deleted', oldMode: '100644', binary: false, added: 0, deleted: lines.length },
    section: `diff --git a/${path} b/${path}\ndeleted file mode 100644\nindex ${blob(path, 1)}..${blob('', 0)}\n--- a/${path}\n+++ /dev/null\n@@ -1,${lines.length} +0,0 @@\n${lines.map((line) => `-${line}\n`).join('')}`,
    before: `${lines.join('\n')}\n`,
  }
}

export function binaryFile(path: string, status: 'added' | 'modified' | 'deleted'): FixtureFile {
  const mode = { added: 'new file mode 100644\n', deleted: 'deleted file mode 100644\n', modified: '' }[status]
  return {
    change: { path, status, binary: true, added: 0, deleted: 0 },
    section: `diff --git a/${path} b/${path}\n${mode}index ${blob(path, 1)}..${blob(path, 2)}\nGIT binary patch\nliteral 4\nLc%17D@N?(olHy\n\nliteral 4\nLc%17D@N?(olHy\n\n`,
  }
}

export function headerOnly(change: FileChange): FixtureFile {
  const old = change.oldPath ?? change.path
  const lines =
    change.status === 'renamed'
      ? `similarity index 100%\nrename from ${old}\nrename to ${change.path}\n`
      : `old mode ${change.oldMode ?? '100644'}\nnew mode ${change.newMode ?? '100755'}\n`
  return { change, section: `diff --git a/${old} b/${change.path}\n${lines}` }
}

function unchangedLine(path: string, index: number): string {
  const kinds = [
    `export function part${index}(input: Options): Result {`,
    `  const value = input.values.map((each) => each.price * ${index})`,
    `  if (value.length > ${index}) throw new RangeError('too many values in ${path}')`,
    '  // The cache holds what was read last; it is never older than a minute.',
    `  return { value, at: Date.now() }`,
    '}',
    '',
  ]
  return kinds[index % kinds.length] ?? ''
}

function blob(path: string, version: number): string {
  let hash = version * 2654435761
  for (const character of path) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return version === 0 ? '0'.repeat(40) : hash.toString(16).padStart(8, '0').repeat(5)
}
