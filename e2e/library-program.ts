import { embed, type RunOptions, stream } from 'skein'

// A program that runs one prompt and says when its agent is at work. Usage: library-program.ts exit|stay OPTIONS [HOME]
const [what, options = '{}', home] = process.argv.slice(2)
const skein = home === undefined ? undefined : await embed({ home })
for await (const event of stream(JSON.parse(options) as RunOptions, skein)) {
  if (event.type !== 'agent_message_chunk') continue
  process.stdout.write(`${process.pid}\n`)
  if (what === 'exit') process.exit(0)
}
