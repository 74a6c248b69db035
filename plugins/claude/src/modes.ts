import { type AgentCapabilities, type PermissionMode, SkeinError } from '@skein/plugin-api'

/** What a person chooses from, in the order in which they are offered. */
export const MODES: AgentCapabilities['modes'] = [
  {
    id: 'sandboxed',
    name: 'Sandboxed',
    description: 'Edits are accepted, commands run in a sandbox; what the sandbox refuses is asked.',
  },
  { id: 'ask', name: 'Ask', description: 'Edits and commands are asked for, one by one.' },
  { id: 'accept_edits', name: 'Accept edits', description: 'Edits in the workspace are accepted, commands are asked.' },
  { id: 'plan', name: 'Plan', description: 'Nothing is changed before you have approved a plan.' },
  {
    id: 'bypass',
    name: 'Bypass',
    description: 'Nothing is asked. Only on a machine that is itself the boundary: a container or a virtual machine.',
  },
]

const NATIVE: Record<PermissionMode, string> = {
  sandboxed: 'acceptEdits',
  ask: 'default',
  accept_edits: 'acceptEdits',
  plan: 'plan',
  bypass: 'bypassPermissions',
}

/** Claude Code's name of a mode. `sandboxed` is its `acceptEdits`; the sandbox is a setting beside the mode. */
export function nativeMode(mode: PermissionMode): string {
  return NATIVE[mode]
}

/** Whether the sandbox is on in a mode. In `plan` too, so that what is approved goes on in it. */
export function wantsSandbox(mode: PermissionMode): boolean {
  return mode === 'sandboxed' || mode === 'plan'
}

/** Our name of what Claude Code reports; modes that only it has (`auto`, `dontAsk`) keep theirs. */
export function modeId(native: string, sandbox: 'unavailable' | 'off' | 'on'): string {
  switch (native) {
    case 'default':
    case 'manual':
      return 'ask'
    case 'acceptEdits':
      return sandbox === 'on' ? 'sandboxed' : 'accept_edits'
    case 'bypassPermissions':
      return 'bypass'
    default:
      return native
  }
}

/** Throws where `bypass` is asked for on a machine that is not itself the boundary. */
export function requireIsolation(isolated: boolean): void {
  if (isolated) return
  throw new SkeinError('invalid', 'letting Claude Code skip all permissions: this machine is not isolated', {
    next: 'Use a container or a virtual machine (--on docker, --on fly), or the permission mode `sandboxed`.',
  })
}
