import { join } from 'node:path'
import { type ModelReply, reply, say, text, toolUse, useTool } from './reply.ts'
import type { ModelRequest } from './request.ts'
import type { ScriptFunction } from './script.ts'

/** `ping` → `pong`. */
export const answersPing: ScriptFunction = (request) =>
  say(/\bping\b/i.test(request.lastUserText) ? 'pong' : 'Say ping and I say pong.')

/** Says back what the person said. */
export const echo: ScriptFunction = (request) => say(request.lastUserText)

/** Says all that the person ever said in this conversation: shows whether a resumed agent still knows it. */
export const remembers: ScriptFunction = (request) => say(`You said: ${request.userTexts.join(' | ')}`)

/** Writes one file, path relative to the agent's folder, and says so. */
export function writesFile(path = 'hello.txt', content = 'Hello from the scripted model.\n'): ScriptFunction {
  return (request) => {
    const [result] = request.toolResults
    if (result === undefined) return useTool('Write', { file_path: join(request.cwd, path), content })
    return say(result.isError ? `I could not write ${path}: ${result.text}` : `I wrote ${path}.`)
  }
}

/** Runs a command outside the sandbox, which has to be allowed, and says what came of it. */
export function asksPermission(command = 'touch permission-was-given'): ScriptFunction {
  return (request) => {
    const [result] = request.toolResults
    if (result === undefined)
      return useTool('Bash', { command, description: 'Do what needs permission', dangerouslyDisableSandbox: true })
    return say(`${result.isError ? 'Not done' : 'Done'}: ${result.text}`)
  }
}

/** Asks one question with two options and says the answer. */
export function asksQuestion(question = 'Which colour do you want?', labels = ['Red', 'Blue']): ScriptFunction {
  return (request) => {
    const [result] = request.toolResults
    if (result !== undefined) return say(`${result.isError ? 'No answer' : 'Answered'}: ${result.text}`)
    const options = labels.map((label) => ({ label, description: `Take ${label.toLowerCase()}` }))
    return useTool('AskUserQuestion', { questions: [{ question, header: 'Choice', options, multiSelect: false }] })
  }
}

/** Proposes a plan; takes each feedback into a new one; once approved, writes `file` and says that it followed the plan. */
export function plans(plan = '# Plan\n\n1. Write the file.\n', file = 'planned.txt'): ScriptFunction {
  return (request) => {
    const feedback = rejectedPlans(request).map((result) => `- ${result.text}\n`)
    const markdown = feedback.length === 0 ? plan : `${plan}\n## After review\n\n${feedback.join('')}`
    if (request.planFile !== undefined) return proposePlan(request, markdown)
    const written = request.toolHistory.find(
      (result) => result.thisTurn && result.input.file_path === join(request.cwd, file),
    )
    if (written === undefined) return useTool('Write', { file_path: join(request.cwd, file), content: markdown })
    return say(written.isError ? `The plan was not carried out: ${written.text}` : 'I followed the plan.')
  }
}

/** `n` numbered words, a delta each: `00001 00002 …`; what is lost or doubled shows. */
export function streamsLong(n: number, delayMs = 5): ScriptFunction {
  return () => say(longText(n), { deltas: n, delayMs })
}

/** The text that `streamsLong(n)` says. */
export function longText(n: number): string {
  return Array.from({ length: n }, (_, index) => `${String(index + 1).padStart(5, '0')} `).join('')
}

/** Picks by the first word of the prompt, which scripts do not see: `byPrompt({ ping: answersPing, say: echo })`. */
export function byPrompt(scripts: Record<string, ScriptFunction>): ScriptFunction {
  return (request, context) => {
    const [word = ''] = request.lastUserText.trim().split(/\s+/, 1)
    const script = scripts[word]
    if (script === undefined) return say(`I know these words: ${Object.keys(scripts).join(', ')}.`)
    return script({ ...request, lastUserText: request.lastUserText.trim().slice(word.length).trim() }, context)
  }
}

/** For trying by hand and for long-lived servers: the prompt's first word chooses what happens. */
export const anything: ScriptFunction = byPrompt({
  ping: () => say('pong'),
  echo,
  remember: remembers,
  write: writesFile(),
  permission: asksPermission(),
  question: asksQuestion(),
  plan: plans(),
  long: (request, context) => streamsLong(Number.parseInt(request.lastUserText, 10) || 200)(request, context),
})

/**
 * What a model does next to have `markdown` approved: writes it to the plan's file (that is where Claude Code takes it from),
 * then asks. Call it for each request until `request.planFile` is gone.
 */
export function proposePlan(request: ModelRequest, markdown: string, saying?: string): ModelReply {
  const file = request.planFile ?? ''
  const last = request.toolResults.at(-1)
  const isPlanFile = last?.input.file_path === file
  if (isPlanFile && last?.name === 'Write' && !last.isError && last.input.content === markdown)
    return useTool('ExitPlanMode', {})
  // A person may have edited the file since: it has to be read before it can be written.
  if (isPlanFile && last?.name === 'Write' && last.isError) return useTool('Read', { file_path: file })
  const write = toolUse('Write', { file_path: file, content: markdown })
  return reply(saying === undefined ? [write] : [text(saying), write])
}

/** Plans that the person sent back in this turn, with what was said of them. */
export function rejectedPlans(request: ModelRequest): ModelRequest['toolHistory'] {
  return request.toolHistory.filter((result) => result.thisTurn && result.name === 'ExitPlanMode' && result.isError)
}
