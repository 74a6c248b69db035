/** What one part of the repository may import of the other parts. Libraries it declares in its own package.json. */
export interface ImportRule {
  /** The folder, or all folders of a kind (`plugins/*`). */
  readonly part: string
  /** Folders or kinds of folders. */
  readonly mayImport: readonly string[]
}

/**
 * The architecture as a checked fact (docs/architecture.md). What is above knows what is below, never the other way round, and
 * nothing but `skein` and `cli` knows which plugins are built in.
 */
export const importRules: readonly ImportRule[] = [
  { part: 'packages/protocol', mayImport: [] },
  { part: 'packages/runner', mayImport: ['packages/protocol'] },
  { part: 'packages/plugin-api', mayImport: ['packages/protocol'] },
  { part: 'plugins/*', mayImport: ['packages/plugin-api'] },
  { part: 'packages/engine', mayImport: ['packages/protocol', 'packages/plugin-api'] },
  { part: 'packages/server', mayImport: ['packages/protocol', 'packages/engine'] },
  { part: 'packages/web', mayImport: ['packages/protocol'] },
  {
    part: 'packages/skein',
    mayImport: ['packages/protocol', 'packages/plugin-api', 'packages/engine', 'plugins/*'],
  },
  {
    part: 'packages/cli',
    mayImport: [
      'packages/protocol',
      'packages/plugin-api',
      'packages/engine',
      'packages/server',
      'packages/skein',
      'plugins/*',
      // `skein demo` plays against the scripted model.
      'testkit',
    ],
  },
  { part: 'testkit', mayImport: ['packages/protocol'] },
]

/** What tests, and the fixtures beside them, may import besides. */
export const testsMayImport: readonly string[] = ['testkit', 'scripts']

/** Whether a folder is the one that a rule names, or of its kind. */
export function isPart(folder: string, named: string): boolean {
  return named.endsWith('/*') ? folder.startsWith(named.slice(0, -1)) : folder === named
}
