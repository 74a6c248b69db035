import type { Workspace } from '@skein/protocol'

/** `512 B`, `4.2 GB`; of 1024, as memory and disks are commonly told. */
export function bytes(amount: number): string {
  const power = amount < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(amount) / 10))
  const value = amount / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${['B', 'KB', 'MB', 'GB', 'TB'][power]}`
}

const WHAT: Record<string, string> = {
  agent: 'Agent',
  setup: 'Set-up',
  service: 'A service',
  check: 'A check',
  terminal: 'A terminal',
}

/** Whose process that is: its id begins with what it is. */
export function processOwner<W extends Pick<Workspace, 'id' | 'sessions'>>(
  processId: string,
  workspaces: readonly W[],
): { what: string; workspace: W | undefined } {
  const [, kind = '', rest = ''] = /^([a-z]+)-(.*)$/s.exec(processId) ?? []
  return {
    what: WHAT[kind] ?? processId,
    workspace: workspaces.find(({ id, sessions }) => id === rest || sessions.some((session) => session.id === rest)),
  }
}

/** A command as a person pastes it into a shell. */
export function shellLine({ argv, env }: { argv: readonly string[]; env: Record<string, string> }): string {
  const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
  return [...Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`), ...argv.map(quoted)].join(' ')
}
