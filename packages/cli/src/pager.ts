import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { CommandContext } from './context.ts'

/** Where long output goes when a person reads it. */
export interface Pager extends AsyncDisposable {
  /** Answers false when the reader has left. */
  write(text: string): Promise<boolean>
}

/** `$PAGER` (`less -FRX` where it is not set), or stdout itself. Disposing waits until the person has left it. */
export function openPager({ env, terminal }: CommandContext, wanted: boolean): Pager {
  const command = env.PAGER ?? 'less'
  if (!wanted || !terminal.interactive || command === '' || command === 'cat') return directly(terminal.stdout)
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['pipe', 'inherit', 'inherit'],
    // As git does: end at once when it fits, keep colours, leave the text on the screen. Secure: no shell from inside.
    env: { ...env, LESS: env.LESS ?? 'FRX', LESSSECURE: '1' },
  })
  const closed = once(child, 'close')
  let gone = false
  child.stdin.on('error', () => {
    gone = true
  })
  child.on('close', () => {
    gone = true
  })
  // Ctrl-C belongs to the pager.
  const ignore = () => {}
  process.on('SIGINT', ignore)
  return {
    async write(text) {
      if (!gone && !child.stdin.write(text)) await Promise.race([once(child.stdin, 'drain').catch(() => {}), closed])
      return !gone
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await closed.catch(() => {})
      process.off('SIGINT', ignore)
    },
  }
}

function directly(stdout: NodeJS.WritableStream): Pager {
  return {
    async write(text) {
      if (!stdout.write(text)) await once(stdout, 'drain')
      return true
    },
    async [Symbol.asyncDispose]() {},
  }
}
