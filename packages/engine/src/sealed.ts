import type { EngineContext } from './context.ts'

const SEALED = 'sealed:'

/**
 * Keeps JSON in the store. Where redaction would change it, it holds a secret that is still needed as it is (a prompt that
 * waits, an input that is approved), so it is sealed by the vault instead.
 */
export function keep(context: Pick<EngineContext, 'vault' | 'redactor'>, value: unknown, about: string): string {
  const json = JSON.stringify(value)
  return context.redactor.redactText(json) === json ? json : SEALED + context.vault.seal(json, about)
}

/** What `keep` kept. */
export function kept<T>(context: Pick<EngineContext, 'vault'>, text: string, about: string): T {
  return JSON.parse(text.startsWith(SEALED) ? context.vault.open(text.slice(SEALED.length), about) : text) as T
}
