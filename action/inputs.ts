/** The action's inputs, checked. */
export interface Inputs {
  mode: 'review' | 'fix' | 'prompt'
  prompt: string
  command: string
  push: boolean
  comment: boolean
  model: string
  maxCost: string
  timeout: string
  on: string
  permissionMode: string
  /** Tools, beside those that only read. */
  allow: string[]
  token: string
}

/** Reads them from the environment that action.yml makes. Throws for what cannot be right. */
export function readInputs(env: NodeJS.ProcessEnv): Inputs {
  const text = (name: string) => env[`SKEIN_${name}`] ?? ''
  const mode = text('MODE')
  if (mode !== 'review' && mode !== 'fix' && mode !== 'prompt')
    throw new Error(`the input mode is "${mode}"; it is one of: review, fix, prompt`)
  if (mode === 'prompt' && text('PROMPT').trim() === '') throw new Error('the mode prompt needs the input prompt')
  return {
    mode,
    prompt: text('PROMPT'),
    command: text('COMMAND'),
    push: flag('push', text('PUSH')),
    comment: flag('comment', text('COMMENT')),
    model: text('MODEL'),
    maxCost: text('MAX_COST'),
    timeout: text('TIMEOUT'),
    on: text('ON'),
    permissionMode: text('PERMISSION_MODE'),
    allow: text('ALLOW')
      .split('\n')
      .map((tool) => tool.trim())
      .filter((tool) => tool !== ''),
    token: text('GITHUB_TOKEN'),
  }
}

function flag(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new Error(`the input ${name} is "${value}"; it is true or false`)
  return value === 'true'
}
