import type { PermissionOption } from '@skein/plugin-api'
import { type Json, objects, string, strings } from './json.ts'
import { oneLine } from './terminal-text.ts'

export const ALLOW = 'allow'
export const REJECT = 'reject'

/**
 * What a person may answer: once, or with one of the rules that Claude Code suggests. A rule holds for this session, whatever
 * place Claude Code would keep it in: one click must not change the project's settings.
 */
export function permissionOptions(request: Json): PermissionOption[] {
  const remembered = request.suppress_always_allow_rule === true ? [] : objects(request.permission_suggestions)
  return [
    { optionId: ALLOW, name: 'Allow', kind: 'allow_once' },
    ...remembered.flatMap((suggestion, index): PermissionOption[] => {
      const name = nameOf(suggestion)
      return name === undefined ? [] : [{ optionId: `always-${index}`, name, kind: 'allow_always', suggestion }]
    }),
    { optionId: REJECT, name: 'Reject', kind: 'reject_once' },
  ]
}

function nameOf(suggestion: Json): string | undefined {
  switch (suggestion.type) {
    case 'addRules':
    case 'replaceRules': {
      if (suggestion.behavior !== 'allow') return undefined
      const rules = objects(suggestion.rules).map(ruleName)
      return rules.length === 0 ? undefined : `Always allow ${rules.join(' and ')} in this session`
    }
    case 'addDirectories': {
      const folders = strings(suggestion.directories).map((folder) => `\`${oneLine(folder)}\``)
      return folders.length === 0 ? undefined : `Allow access to ${folders.join(' and ')} in this session`
    }
    case 'setMode':
      return modeName(string(suggestion.mode))
    default:
      return undefined
  }
}

function ruleName(rule: Json): string {
  const tool = oneLine(string(rule.toolName) ?? 'the tool')
  const content = string(rule.ruleContent)
  if (content === undefined) return tool
  const shown = `\`${oneLine(content)}\``
  if (tool === 'Bash') return shown
  if (tool === 'WebFetch') return `\`${oneLine(content.replace(/^domain:/, ''))}\``
  return `${tool} of ${shown}`
}

function modeName(mode: string | undefined): string | undefined {
  if (mode === 'acceptEdits') return 'Accept all edits in this session'
  if (mode === 'plan') return 'Switch to plan mode'
  // Skipping all permissions is the machine's to allow, never a suggestion's.
  return undefined
}
