import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { commentOn, type Event, readEvent } from './github.ts'
import { readInputs } from './inputs.ts'
import { fixPrompt, reviewPrompt } from './prompts.ts'
import { type Result, runSkein } from './skein.ts'

/** The GitHub Action, from its inputs to its outputs. See docs/action.md. */
const inputs = orFail(() => readInputs(process.env))
const event = orFail(() => readEvent(process.env.GITHUB_EVENT_PATH))
process.exitCode = await main().catch(fail)

async function main(): Promise<number> {
  if (inputs.mode === 'review') return review()
  if (inputs.mode === 'fix') return fix()
  const { result, patch } = runSkein(inputs, inputs.prompt, { folder: workFolder(), allow: [], deny: [] })
  if (patch !== undefined) take(patch, result.text)
  return finish(outcomeOf(result), result, patch)
}

/** Looks at a pull request's changes and says what is wrong with them; changes nothing. */
async function review(): Promise<number> {
  const { base, head } = event
  if (base === undefined || head === undefined)
    throw new Error('the mode review needs a pull request: run it on pull_request')
  for (const commit of [base, head]) bring(commit)
  const prompt = reviewPrompt({ base, head, title: event.title, more: inputs.prompt })
  const deny = ['Edit', 'Write', 'NotebookEdit']
  const { result } = runSkein(inputs, prompt, { folder: workFolder(), base: head, allow: [], deny })
  return finish(outcomeOf(result), result, undefined)
}

/** Makes a failing command succeed; what counts is the command, run again. */
async function fix(): Promise<number> {
  const { command } = inputs
  if (command === '') throw new Error('the mode fix needs the input command, e.g. npm test')
  const before = runCommand(command)
  if (before.ok) return finish('nothing_to_do', { text: `\`${command}\` succeeds.`, costUsd: 0 }, undefined)
  const prompt = fixPrompt({ command, log: before.log, more: inputs.prompt })
  const { result, patch } = runSkein(inputs, prompt, { folder: workFolder(), allow: [`Bash(${command}:*)`], deny: [] })
  if (patch === undefined) return finish('failed', result, undefined)
  execFileSync('git', ['apply', '--index', patch], { stdio: 'inherit' })
  const after = runCommand(command)
  if (after.ok && inputs.push) push(result.text)
  return finish(after.ok ? 'succeeded' : 'failed', result, patch)
}

function outcomeOf({ status }: Result): 'succeeded' | 'failed' {
  return status === 'succeeded' ? 'succeeded' : 'failed'
}

function take(patch: string, said: string): void {
  execFileSync('git', ['apply', '--index', patch], { stdio: 'inherit' })
  if (inputs.push) push(said)
}

function push(said: string): void {
  const [subject = ''] = said.trim().split('\n')
  const author = ['-c', 'user.name=Skein', '-c', 'user.email=skein@users.noreply.github.com']
  execFileSync('git', [...author, 'commit', '--message', subject.slice(0, 72) || 'Changes by an agent'])
  const branch = event.branch ?? process.env.GITHUB_REF_NAME ?? ''
  execFileSync('git', ['push', 'origin', `HEAD:refs/heads/${branch}`], { stdio: 'inherit' })
}

/** A shallow checkout has neither side of a pull request. */
function bring(commit: string): void {
  try {
    execFileSync('git', ['cat-file', '-e', `${commit}^{commit}`], { stdio: 'ignore' })
  } catch {
    execFileSync('git', ['fetch', '--no-tags', '--depth=200', 'origin', commit], { stdio: 'inherit' })
  }
}

function workFolder(): string {
  return mkdtempSync(join(process.env.RUNNER_TEMP ?? tmpdir(), 'skein-'))
}

/** Tells the result where it is looked for: outputs, the job's summary, the pull request. */
async function finish(
  outcome: 'succeeded' | 'failed' | 'nothing_to_do',
  { text: said = '', costUsd = 0, error }: Partial<Result>,
  patch: string | undefined,
): Promise<number> {
  const told = said === '' ? [error?.message, error?.next].filter((line) => line !== undefined).join('\n\n') : said
  output({ outcome, text: told, cost: String(costUsd), patch: patch ?? '' })
  const text = `${heading(outcome, patch)}\n\n${told}\n\n<sub>Skein, $${costUsd.toFixed(2)}</sub>\n`
  if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, text)
  if (outcome !== 'nothing_to_do' && inputs.comment) await tell(event, text)
  return outcome === 'failed' ? 1 : 0
}

function heading(outcome: string, patch: string | undefined): string {
  if (inputs.mode === 'review') return '### Review'
  const changes = patch === undefined ? 'nothing was changed' : `a patch of ${statSync(patch).size} bytes`
  return `### ${inputs.mode === 'fix' ? `\`${inputs.command}\`` : 'Prompt'}: ${outcome.replaceAll('_', ' ')}, ${changes}`
}

async function tell({ number }: Event, text: string): Promise<void> {
  if (number === undefined) return
  await commentOn(number, { text, marker: `<!-- skein ${inputs.mode} -->`, token: inputs.token, env: process.env })
}

/** Values of several lines stand between two lines that cannot be in them. */
function output(values: Record<string, string>): void {
  const file = process.env.GITHUB_OUTPUT
  if (!file) return
  for (const [name, value] of Object.entries(values)) {
    const end = `skein-${crypto.randomUUID()}`
    appendFileSync(file, `${name}<<${end}\n${value}\n${end}\n`)
  }
}

function orFail<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    return fail(error)
  }
}

/** As GitHub shows errors of a step. */
function fail(error: unknown): never {
  console.log(`::error::${escaped(error instanceof Error ? error.message : String(error))}`)
  process.exit(1)
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
