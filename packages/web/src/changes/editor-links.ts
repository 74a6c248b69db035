/** Editors that a link can open a file in, also on an ssh host. */
export const EDITORS = [
  { id: 'vscode', name: 'VS Code' },
  { id: 'cursor', name: 'Cursor' },
  { id: 'zed', name: 'Zed' },
] as const
export type Editor = (typeof EDITORS)[number]['id']

interface FilePlace {
  /** As in `Workspace.machine`: `local`, `ssh:<host>`, … */
  machine: string
  /** The workspace's absolute path on that machine. */
  root: string
  path: string
  line?: number
}

/**
 * The URL that opens a file in an editor; undefined where the editor cannot reach the machine. VS Code and Cursor take
 * `vscode-remote/ssh-remote+<host>`, Zed `ssh/<host>`.
 */
export function editorLink(editor: Editor, { machine, root, path, line }: FilePlace): string | undefined {
  const place = [...root.split('/'), ...path.split('/')].filter((part) => part !== '')
  const file = `/${place.map(encodeURIComponent).join('/')}${line === undefined ? '' : `:${line}`}`
  if (machine === 'local') return `${editor}://file${file}`
  const host = /^ssh:(.+)$/.exec(machine)?.[1]
  if (host === undefined) return undefined
  if (editor === 'zed') return `zed://ssh/${encodeURI(host)}${file}`
  return `${editor}://vscode-remote/ssh-remote+${encodeURIComponent(host)}${file}`
}
