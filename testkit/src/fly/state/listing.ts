import { flag } from '../http/call.ts'
import type { Machine } from './machine.ts'

/** Whether a list with that query shows the machine. */
export function matching(machine: Machine, query: URLSearchParams): boolean {
  if (machine.state === 'destroyed' && !flag(query, 'include_deleted') && query.get('state') !== 'destroyed')
    return false
  const states = query.getAll('state').flatMap((value) => value.split(','))
  if (states.length > 0 && !states.includes(machine.state)) return false
  if (query.has('region') && query.get('region') !== machine.region) return false
  for (const [name, value] of query)
    if (name.startsWith('metadata.') && machine.config.metadata?.[name.slice('metadata.'.length)] !== value)
      return false
  return true
}

/** What of the configuration a summary keeps. */
export function overview({ config }: Machine): Record<string, unknown> {
  const { image, guest, metadata } = config
  return { image, guest, ...(metadata === undefined ? {} : { metadata }) }
}
