import { createServer, type ServerResponse } from 'node:http'
import { embed, type RunEvent } from 'skein'

/** A page with one button, for people who never saw an agent. Usage: node button.ts REPOSITORY [PORT] */
const [repository = '.', port = '0'] = process.argv.slice(2)
const PROMPT = 'Read the code and write release notes for what changed since the last tag, for customers.'

const PAGE = `<!doctype html><meta charset="utf-8"><title>Release notes</title>
<button>Write release notes</button> <span></span><pre></pre>
<script>
  const [button, state, output] = ['button', 'span', 'pre'].map((name) => document.querySelector(name))
  button.onclick = async () => {
    button.disabled = true
    output.textContent = ''
    const response = await fetch('/run', { method: 'POST' })
    const lines = response.body.pipeThrough(new TextDecoderStream())
    let rest = ''
    for await (const part of lines) {
      rest += part
      for (let end; (end = rest.indexOf('\\n')) >= 0; rest = rest.slice(end + 1)) {
        const { text, doing, done } = JSON.parse(rest.slice(0, end))
        if (text) output.textContent += text
        state.textContent = done ?? doing ?? state.textContent
      }
    }
    button.disabled = false
  }
</script>`

await using skein = await embed()
const server = createServer(async (request, response) => {
  const own = request.headers.origin === undefined || new URL(request.headers.origin).host === request.headers.host
  if (request.method === 'POST' && request.url === '/run' && own) return press(response)
  response.setHeader('content-type', 'text/html').end(PAGE)
})

async function press(response: ServerResponse): Promise<void> {
  const send = (line: object) => response.write(`${JSON.stringify(line)}\n`)
  // Whoever closes the page ends the run.
  await using stream = skein.stream({ prompt: PROMPT, repositories: repository, budget: 1, timeout: 10 * 60_000 })
  response.on('close', () => void stream[Symbol.asyncDispose]())
  for await (const event of stream) tell(event, send)
  const { outcome, costUsd, error } = await stream.result
  response.end(`${JSON.stringify({ done: `${outcome}, $${costUsd.toFixed(2)} ${error?.message ?? ''}` })}\n`)
}

function tell(event: RunEvent, send: (line: object) => void): void {
  if (event.type === 'agent_message_chunk') send({ text: event.text })
  if (event.type === 'tool_call') send({ doing: event.title })
  if (event.type === 'preparing') send({ doing: 'preparing' })
}

server.listen(Number(port), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${(server.address() as { port: number }).port}`),
)
await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
server.closeAllConnections()
server.close()
