import { createInterface } from 'node:readline'
import { attachSession, createSession } from 'skein'

/** A conversation about the repository here. Usage: node session.ts [ID of an earlier one] */
const [id] = process.argv.slice(2)
await using session = id === undefined ? await createSession({ repositories: '.' }) : await attachSession(id)
console.log(`Session ${session.id}. Write a prompt a line; an empty line ends it.`)

const lines = createInterface({ input: process.stdin })
process.stdout.write('> ')
for await (const line of lines) {
  if (line.trim() === '') break
  const answer = session.stream(line)
  for await (const event of answer) {
    if (event.type === 'agent_message_chunk') process.stdout.write(event.text)
    if (event.type === 'tool_call') console.log(`\n  ${event.title}`)
  }
  const { outcome, costUsd, error } = await answer.result
  console.log(outcome === 'succeeded' ? `\n($${costUsd.toFixed(2)})` : `\n${outcome}: ${error?.message}`)
  process.stdout.write('> ')
}
lines.close()
// Agent and machine stop; files and conversation stay.
console.log(`To go on: node session.ts ${session.id}`)
