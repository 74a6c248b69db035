import type { Session, Workspace } from '@skein/protocol'

/** Whether a prompt can be sent, what the button says, and why not. */
export interface SendState {
  can: boolean
  label: 'Send' | 'Queue'
  /** Stands in the composer while nothing can be sent. */
  reason?: string
}

/** `session`: undefined while the workspace has none of this id. */
export function sendStateOf(workspace: Workspace | undefined, session: Session | undefined): SendState {
  const label = session && isBusy(session) ? 'Queue' : 'Send'
  const not = (reason: string): SendState => ({ can: false, label, reason })
  if (!workspace) return not('This workspace is being read.')
  switch (workspace.state) {
    case 'creating':
      return not('The workspace is being made. What you write is kept, and can be sent in a moment.')
    case 'failed':
      // Why stands above, where its steps are.
      return not('The workspace could not be made, so there is nobody to write to.')
    case 'removing':
      return not('The workspace is being removed.')
    case 'removed':
      return not('The workspace was removed. Restore it to go on.')
    case 'ready':
      return session ? { can: true, label } : not('This session is not there.')
  }
}

/** Whether there is a turn to interrupt. */
export function isBusy({ state }: Session): boolean {
  return state === 'working' || state === 'waiting' || state === 'starting'
}
