import { type ApiMethod, apiMethods, SkeinError } from '@skein/protocol'
import * as z from 'zod'

/**
 * The parameters of a GET. A parameter that is text (an id, a path, a choice) is taken as it stands; any other is JSON:
 * `?sessionId=s1&after=41&all=true&paths=["a","b"]`.
 */
export function paramsOfQuery(method: ApiMethod, query: URLSearchParams): Record<string, unknown> {
  const texts = textParams(method)
  const params: Record<string, unknown> = {}
  for (const [name, value] of query) {
    if (Object.hasOwn(params, name))
      throw new SkeinError('invalid', `${method}: ${name} is given twice`, { next: 'Give a list as JSON.' })
    params[name] = texts.has(name) ? value : jsonOf(method, name, value)
  }
  return params
}

function jsonOf(method: ApiMethod, name: string, value: string): unknown {
  try {
    return JSON.parse(value)
  } catch (cause) {
    throw new SkeinError('invalid', `${method}: ${name} is not JSON`, {
      next: `For example: ?${name}=1, ?${name}=true, ?${name}=["a"].`,
      cause,
    })
  }
}

const known = new Map<ApiMethod, ReadonlySet<string>>()

function textParams(method: ApiMethod): ReadonlySet<string> {
  const found = known.get(method)
  if (found) return found
  const { properties = {} } = z.toJSONSchema(apiMethods[method].params, { io: 'input' })
  const texts = new Set(
    Object.entries(properties)
      .filter(([, property]) => typeof property === 'object' && property.type === 'string')
      .map(([name]) => name),
  )
  known.set(method, texts)
  return texts
}
