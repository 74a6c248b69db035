import { stream } from 'skein'

const working = stream({ prompt: 'Explain the build of this project.', repositories: '.', timeout: 10 * 60_000 })
for await (const event of working) {
  if (event.type === 'agent_message_chunk') process.stdout.write(event.text)
  if (event.type === 'tool_call') console.error(`[${event.name}] ${event.title}`)
  // Leaving the loop ends the run, its agent and its machine.
}
const { outcome, durations } = await working.result
console.log(`\n${outcome} after ${durations.total} ms`)
