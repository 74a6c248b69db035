import * as z from 'zod'

/** How the methods of `SkeinApi` are written down; see `api.ts`. */

/** Every command's `key`: the caller's, a UUID. */
export const Key = z.string().min(1).max(200)

const method = <K extends 'query' | 'command' | 'subscription', P extends z.ZodType, R extends z.ZodType>(
  kind: K,
  about: string,
  params: P,
  result: R,
) => ({ kind, about, params, result })

export const query = <P extends z.ZodType, R extends z.ZodType>(about: string, params: P, result: R) =>
  method('query', about, params, result)

export const command = <P extends z.ZodRawShape, R extends z.ZodType>(about: string, params: P, result: R) =>
  method('command', about, z.object({ key: Key, ...params }), result)

export const subscription = <P extends z.ZodType, R extends z.ZodType>(about: string, params: P, item: R) =>
  method('subscription', about, params, item)

export const none = z.object({})
