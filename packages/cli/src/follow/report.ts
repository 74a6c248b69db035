import type { Envelope, StepName, Workspace } from '@skein/protocol'
import type { OutOfReach } from './out-of-reach.ts'

/** Who is told what happens while a session is followed: a person, a program, or nobody until the end. */
export interface Report {
  /** How the workspace is now; its steps while it is made. */
  workspace(workspace: Workspace): void
  /** Output of a step, e.g. of the setup script. */
  log(step: StepName, text: string): void
  event(envelope: Envelope): void
  notice(severity: 'info' | 'warning' | 'error', title: string, detail?: string): void
  /** The workspace's machine went out of reach, or is back. */
  outOfReach(machine: string, lost: OutOfReach | undefined): void
  /** What is going on, in a few words; undefined: nothing. */
  activity(label: string | undefined): void
  /** Keeps everything back until the answer is called: a question is on the screen. */
  hold(): () => void
  /** The moving part is over. */
  close(): void
}
