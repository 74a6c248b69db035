import { attachSession, createSession, embed, machine, type NewSessionOptions } from 'skein'
import { elsewhere } from './elsewhere.ts'

/** What one process does with a session: makes it, or takes it up, and gives it one prompt. */
export interface SessionProgram {
  home: string
  machines: string
  /** Absent: a new one. */
  id?: string
  options: NewSessionOptions
  prompt: string
}

const { home, machines, id, options, prompt } = JSON.parse(process.argv[2] ?? '') as SessionProgram
const there = elsewhere(machines, { lifetime: 'workspace' })
await using skein = await embed({ home, plugins: [there.plugin] })
await using session =
  id === undefined
    ? await createSession({ ...options, on: machine('elsewhere', 'box') }, skein)
    : await attachSession(id, skein)
const { text, outcome } = await session.send(prompt)
console.log(JSON.stringify({ id: session.id, text, outcome }))
