import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { waitUntil } from '@skein/testkit'
import { expect, it } from 'vitest'
import { done, isAbandoned, makerName } from './maker.ts'

const UUID = '00000000-0000-4000-8000-000000000000'

it.runIf(process.platform === 'linux')(
  'a name is abandoned when its maker has given it back or has ended, and when another process has its pid',
  async () => {
    const name = makerName('making-')
    expect(isAbandoned(name)).toBe(false)
    done(name)
    expect(isAbandoned(name)).toBe(true)
    const other = spawn('sleep', ['60'])
    try {
      await once(other, 'spawn')
      const start = startIn(await readFile(`/proc/${other.pid}/stat`, 'utf8'))
      expect(isAbandoned(`making-${other.pid}-${start}-${UUID}`)).toBe(false)
      expect(isAbandoned(`making-${other.pid}-${Number(start) - 1}-${UUID}`)).toBe(true)
    } finally {
      other.kill('SIGKILL')
    }
    expect(isAbandoned('something-else')).toBe(false)
  },
)

it.runIf(process.platform === 'linux')(
  'a maker that was killed and that nobody has waited for yet has ended',
  async () => {
    // The shell becomes a program that never waits for the child that it inherits.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'])
    try {
      const [said] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = said.toString().trim()
      const stat = await waitUntil(
        async () => {
          const text = await readFile(`/proc/${pid}/stat`, 'utf8')
          return text.includes(') Z ') ? text : undefined
        },
        { what: `process ${pid} to be a zombie` },
      )
      expect(isAbandoned(`making-${pid}-${startIn(stat)}-${UUID}`)).toBe(true)
    } finally {
      parent.kill('SIGKILL')
    }
  },
)

function startIn(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
