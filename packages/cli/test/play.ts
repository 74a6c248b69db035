import { setTimeout as delay } from 'node:timers/promises'
import { HumanReport } from '../src/follow/human-report.ts'
import { processTerminal } from '../src/terminal.ts'
import { oneTurn, Recording } from './envelopes.ts'

// Plays a recorded turn in the terminal it is started in, as a session that is followed.
const report = new HumanReport({ terminal: processTerminal(process.env), whole: true, hint: 'a hint' })
report.activity('Working')
const pause = Number(process.argv[2] ?? 0)
for (const envelope of oneTurn()) {
  report.event(envelope)
  await delay(pause)
}
if (process.argv[3] === 'stay') {
  const [open] = new Recording().add({
    type: 'tool_call',
    toolCallId: 'x',
    name: 'Bash',
    title: `sleep ${'x'.repeat(60)}`,
    kind: 'execute',
    status: 'in_progress',
  }).envelopes
  if (open) report.event(open)
  await new Promise((resolve) => process.stdin.once('data', resolve))
}
report.close()
console.log('THE END')
process.exit(0)
