import type { Envelope, StepName, Workspace, WorkspaceStep } from '@skein/protocol'
import { writeJson } from '../json-output.ts'
import type { OutOfReach } from './out-of-reach.ts'
import type { Report } from './report.ts'

/** Everything as one JSON object a line. */
export class JsonReport implements Report {
  readonly #stdout: NodeJS.WritableStream
  readonly #steps = new Map<string, WorkspaceStep['state']>()
  #workspaceId = ''
  #named = false

  constructor(stdout: NodeJS.WritableStream) {
    this.#stdout = stdout
  }

  workspace(workspace: Workspace): void {
    this.#workspaceId = workspace.id
    if (!this.#named) writeJson(this.#stdout, { type: 'workspace', workspace })
    this.#named = true
    for (const step of workspace.steps) {
      if (this.#steps.get(step.name) === step.state || step.state === 'pending') continue
      this.#steps.set(step.name, step.state)
      writeJson(this.#stdout, { type: 'step', workspaceId: workspace.id, step })
    }
  }

  log(step: StepName, text: string): void {
    writeJson(this.#stdout, { type: 'log', workspaceId: this.#workspaceId, step, text })
  }

  event(envelope: Envelope): void {
    writeJson(this.#stdout, { type: 'event', envelope })
  }

  notice(severity: 'info' | 'warning' | 'error', title: string, detail?: string): void {
    writeJson(this.#stdout, { type: 'notice', severity, title, ...(detail === undefined ? {} : { detail }) })
  }

  outOfReach(machine: string, lost: OutOfReach | undefined): void {
    writeJson(this.#stdout, {
      ...{ type: 'link', workspaceId: this.#workspaceId, machine, state: lost ? 'reconnecting' : 'connected' },
      ...(lost ? { because: lost.because } : {}),
      ...(lost?.since === undefined ? {} : { since: lost.since }),
    })
  }

  activity(): void {}

  hold(): () => void {
    return () => {}
  }

  close(): void {}
}
