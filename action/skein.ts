import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Inputs } from './inputs.ts'

/** How a request ended, as far as the action needs it. */
export interface Result {
  status: string
  text: string
  error?: { message: string; next?: string }
  costUsd: number
}

export interface RunOptions {
  /** Where it can write what it needs. */
  folder: string
  base?: string
  allow: readonly string[]
  deny: readonly string[]
}

const READING = ['diff', 'log', 'show', 'blame', 'status', 'grep', 'ls-files'].map((verb) => `Bash(git ${verb}:*)`)

/**
 * Runs one prompt with Skein, to its end; `patch` is where its changes were written, if there are any. As a batch of one request: what
 * the agent asks is answered with no, and what passes (too many requests, a network that fails) is tried again.
 */
export function runSkein(
  inputs: Inputs,
  prompt: string,
  options: RunOptions,
): { result: Result; patch: string | undefined } {
  const { model, maxCost, timeout, on, permissionMode } = inputs
  const request = {
    id: 'action',
    // What is in braces is not ours to fill in.
    prompt: prompt.replaceAll('{{', '\\{{'),
    allow: [...READING, ...options.allow, ...inputs.allow],
    ...(options.deny.length > 0 ? { deny: options.deny } : {}),
    ...given({ base: options.base, model, timeout, on, 'max-cost': maxCost, 'permission-mode': permissionMode }),
  }
  const patches = join(options.folder, 'patches')
  const files = ['--record', join(options.folder, 'record.jsonl'), '--patches', patches]
  console.log('::group::skein batch')
  const { stdout, stderr, error } = spawnSync(
    'skein',
    ['batch', '-', '--format', 'jsonl', '--json', '--keep', 'branch', ...files],
    {
      input: JSON.stringify(request),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  )
  process.stdout.write(stderr ?? '')
  console.log('::endgroup::')
  if (error) throw new Error(`skein could not be started: ${error.message}`)
  const last = lineOf(stdout)
  const result = last.report?.outcomes[0]
  if (!result) throw new Error(`${last.error?.message ?? 'skein failed'} ${last.error?.next ?? ''}`.trim())
  return { result, patch: patchIn(patches) }
}

function given(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  )
}

interface LastLine {
  type: string
  report?: { outcomes: Result[] }
  error?: { message: string; next?: string }
}

function lineOf(stdout: string): LastLine {
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  if (last === '') throw new Error('skein said nothing')
  return JSON.parse(last) as LastLine
}

function patchIn(folder: string): string | undefined {
  try {
    const [file] = readdirSync(folder)
    return file === undefined ? undefined : join(folder, file)
  } catch {
    return undefined
  }
}
