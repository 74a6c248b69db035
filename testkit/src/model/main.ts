/**
 * The scripted model as a process of its own: `node testkit/src/model/main.ts --script echo`. Prints one line of JSON with its
 * URL and the variables that lead an agent to it, then serves until a signal ends it.
 */
import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { demo } from '../demo/script.ts'
import type { ScriptFunction } from './script.ts'
import * as scripts from './scripts.ts'
import { startModel } from './server.ts'

const SCRIPTS: Record<string, ScriptFunction> = {
  anything: scripts.anything,
  'answers-ping': scripts.answersPing,
  'asks-permission': scripts.asksPermission(),
  'asks-question': scripts.asksQuestion(),
  demo,
  echo: scripts.echo,
  plans: scripts.plans(),
  remembers: scripts.remembers,
  'streams-long': scripts.streamsLong(500),
  'writes-file': scripts.writesFile(),
}

const { values } = parseArgs({
  options: {
    script: { type: 'string', default: 'anything' },
    port: { type: 'string', default: '0' },
    'delay-ms': { type: 'string', default: '0' },
    'chars-per-delta': { type: 'string', default: '24' },
    /** Appends a line of JSON for each request that the script sees. */
    record: { type: 'string' },
  },
})

const script = SCRIPTS[values.script]
if (script === undefined) {
  console.error(`There is no script ${values.script}. There are: ${Object.keys(SCRIPTS).join(', ')}.`)
  process.exit(2)
}

const model = await startModel(values.record === undefined ? script : recorded(script, values.record), {
  port: Number(values.port),
  delayMs: Number(values['delay-ms']),
  charsPerDelta: Number(values['chars-per-delta']),
  keep: 0,
})
console.log(JSON.stringify({ url: model.url, port: model.port, pid: process.pid, env: model.env() }))

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void model[Symbol.asyncDispose]().then(() => process.exit(0)))

function recorded(inner: ScriptFunction, file: string): ScriptFunction {
  return (request, context) => {
    const { kind, conversation, turn, userTexts, toolResults } = request
    appendFileSync(file, `${JSON.stringify({ kind, conversation, turn, userTexts, toolResults })}\n`)
    return inner(request, context)
  }
}
