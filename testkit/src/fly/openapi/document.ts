import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'
import { type Schema, unknownKeywords } from './schema.ts'

interface Content {
  readonly content?: Readonly<Record<string, { schema?: Schema }>>
}

interface RawOperation {
  readonly operationId: string
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema?: Schema }[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}

interface RawDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>
  readonly components: { readonly schemas: Record<string, Schema> }
}

/** One call of the API, as the document tells it. */
export interface Operation {
  /** Such as `Machines_create`: what faults, limits and the journal call it. */
  readonly id: string
  readonly method: string
  readonly path: RegExp
  readonly names: readonly string[]
  readonly requiredQuery: readonly string[]
  readonly queryTypes: Readonly<Record<string, string>>
  readonly body: Schema | undefined
  /** By status; undefined where the document says nothing of a body. */
  readonly responses: Readonly<Record<string, Schema | undefined>>
}

export interface ApiDocument {
  readonly operations: readonly Operation[]
  readonly schemas: Readonly<Record<string, Schema>>
}

const STRING: Schema = { type: 'string' }
const OBJECT: Schema = { type: 'object' }

/** Where the document says something else than the API does, why that is known, and what is right. */
export const patches: readonly { schema: string; property: string; is: Schema; because: string }[] = [
  { schema: 'Machine', property: 'incomplete_config', is: nullable('fly.MachineConfig'), because: 'recorded as null' },
  {
    schema: 'Machine',
    property: 'config',
    is: nullable('fly.MachineConfig'),
    because: 'null while its host is unreachable',
  },
  { schema: 'ImageRef', property: 'labels', is: { ...OBJECT, nullable: true }, because: 'recorded as null' },
  {
    schema: 'fly.MachineService',
    property: 'force_instance_key',
    is: { ...STRING, nullable: true },
    because: 'recorded as null',
  },
  {
    schema: 'MachineEvent',
    property: 'request',
    is: { ...OBJECT, nullable: true },
    because: 'null on launch and destroy',
  },
  { schema: 'fly.MachineInit', property: 'exec', is: list(STRING), because: 'sent as null by Fly’s client' },
  {
    schema: 'CreateAppRequest',
    property: 'app_name',
    is: STRING,
    because: 'Fly’s documentation and older clients send it',
  },
  { schema: 'Lease', property: 'status', is: STRING, because: 'Fly’s client reads the lease from `data`' },
  { schema: 'Lease', property: 'data', is: { $ref: '#/components/schemas/Lease' }, because: 'Fly’s client reads it' },
  { schema: 'StopRequest', property: 'timeout', is: {}, because: 'numbers of nanoseconds are sent, too' },
  { schema: 'fly.StopConfig', property: 'timeout', is: {}, because: 'numbers of nanoseconds are sent, too' },
  {
    schema: 'fly.MachineService',
    property: 'autostop',
    is: {},
    because: 'true and false are older values, still taken',
  },
]

let loaded: ApiDocument | undefined

/** Fly's document, with `patches`; read once. */
export function apiDocument(): ApiDocument {
  loaded ??= load()
  return loaded
}

function load(): ApiDocument {
  const raw = JSON.parse(readFileSync(join(import.meta.dirname, 'fly-machines.json'), 'utf8')) as RawDocument
  const { schemas } = raw.components
  for (const { schema, property, is } of patches) {
    const before = schemas[schema]
    if (before === undefined) throw new SkeinError('internal', `patching the OpenAPI document: it has no ${schema}`)
    schemas[schema] = { ...before, properties: { ...before.properties, [property]: is } }
  }
  const unknown = [...new Set(Object.values(schemas).flatMap(unknownKeywords))]
  if (unknown.length > 0)
    throw new SkeinError('internal', `reading the OpenAPI document: it uses what is not checked: ${unknown.join(', ')}`)
  const operations = Object.entries(raw.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationOf(path, method, operation)),
  )
  // The longest path first: `/metadata/{key}` before what is shorter.
  return { operations: operations.sort((a, b) => b.path.source.length - a.path.source.length), schemas }
}

/** The operation and its parameters, if the API routes that. */
export function findOperation(
  { operations }: ApiDocument,
  method: string,
  path: string,
): { operation: Operation; params: Record<string, string> } | undefined {
  for (const operation of operations) {
    const match = operation.method === method ? operation.path.exec(path) : null
    if (match === null) continue
    const params = operation.names.map((name, n) => [name, decoded(match[n + 1] ?? '')])
    return { operation, params: Object.fromEntries(params) as Record<string, string> }
  }
  return undefined
}

/** As it stands if it is not encoded properly: then there is nothing of that name. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function operationOf(path: string, method: string, raw: RawOperation): Operation {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const query = (raw.parameters ?? []).filter((parameter) => parameter.in === 'query')
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
    names,
    requiredQuery: query.filter(({ required }) => required).map(({ name }) => name),
    queryTypes: Object.fromEntries(query.map(({ name, schema }) => [name, schema?.type ?? 'string'])),
    body: schemaOf(raw.requestBody),
    responses: Object.fromEntries(
      Object.entries(raw.responses).map(([status, content]) => [status, schemaOf(content)]),
    ),
  }
}

function schemaOf(holder: Content | undefined): Schema | undefined {
  return holder?.content?.['application/json']?.schema
}

function nullable(schema: string): Schema {
  return { $ref: `#/components/schemas/${schema}`, nullable: true }
}

function list(items: Schema): Schema {
  return { type: 'array', items, nullable: true }
}
