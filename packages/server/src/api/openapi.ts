import * as protocol from '@skein/protocol'
import { type ApiMethod, apiMethods } from '@skein/protocol'
import * as z from 'zod'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

let made: { version: string; document: JsonObject } | undefined

/** The OpenAPI 3.1 document of `SkeinApi`, made of `apiMethods`. */
export function openApiDocument(version: string): JsonObject {
  if (made?.version !== version) made = { version, document: makeDocument(version) }
  return made.document
}

function makeDocument(version: string): JsonObject {
  const components = new Components()
  // Answers first: what is sent is then compared with them.
  for (const { result } of Object.values(apiMethods)) components.of(result, 'output')
  components.of(protocol.ErrorBody, 'output')
  const paths: JsonObject = {}
  for (const method of Object.keys(apiMethods) as ApiMethod[]) paths[`/v1/${method}`] = pathOf(method, components)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Skein',
      version,
      description:
        'Every command, query and subscription of Skein. A command carries a `key` of the caller’s choice: repeating it gives the first answer and does nothing twice.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { browser: [] }],
    tags: [...new Set(Object.keys(apiMethods).map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'What the file `api-token` in $SKEIN_HOME holds.' },
        browser: {
          type: 'apiKey',
          in: 'cookie',
          name: 'skein-PORT',
          description: 'Set when a browser opens a one-time link; see `skein open`.',
        },
      },
      schemas: components.schemas(),
    },
  }
}

function pathOf(method: ApiMethod, components: Components): JsonObject {
  const { kind, about, params, result } = apiMethods[method]
  const responses = {
    '200': { description: kind === 'subscription' ? 'Items as they come.' : 'The result.', content: contentOf() },
    default: {
      description: 'What went wrong.',
      content: { 'application/json': { schema: components.of(protocol.ErrorBody, 'output') } },
    },
  }
  const described = { summary: about, tags: [tagOf(method)], responses }
  const post: JsonObject = {
    ...described,
    operationId: method,
    requestBody: {
      required: kind === 'command',
      content: { 'application/json': { schema: components.of(params, 'input') } },
    },
  }
  if (kind === 'command') return { post }
  return { get: { ...described, operationId: `${method}.get`, parameters: queryParameters(params) }, post }

  function contentOf(): JsonObject {
    const schema = components.of(result, 'output')
    if (kind !== 'subscription') return { 'application/json': { schema } }
    return {
      'application/x-ndjson': { schema },
      'text/event-stream': { schema: { type: 'string', description: 'Each event’s data is one item, as JSON.' } },
    }
  }

  function queryParameters(schema: z.ZodType): Json[] {
    const { properties = {}, required = [] } = components.of(schema, 'input') as {
      properties?: JsonObject
      required?: string[]
    }
    return Object.entries(properties).map(([name, property]) => ({
      name,
      in: 'query',
      required: required.includes(name),
      // Whatever is not text is written as JSON.
      ...(isText(property) ? { schema: property } : { content: { 'application/json': { schema: property } } }),
    }))
  }
}

function isText(schema: Json | undefined): boolean {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema) && schema.type === 'string'
}

function tagOf(method: string): string {
  return method.split('.')[0] ?? method
}

/** Schemas that have a name in the protocol, each once. */
class Components {
  readonly #names = z.registry<{ id: string }>()
  readonly #schemas: JsonObject = {}

  constructor() {
    for (const [id, value] of Object.entries(protocol)) {
      if (value instanceof z.ZodType && !this.#names.has(value)) this.#names.add(value, { id })
    }
  }

  schemas(): JsonObject {
    return Object.fromEntries(Object.entries(this.#schemas).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  of(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
    const {
      $schema: _,
      $defs = {},
      ...own
    } = z.toJSONSchema(schema, {
      io,
      metadata: this.#names,
      unrepresentable: 'any',
    }) as JsonObject
    const defs = $defs as JsonObject
    const others = io === 'input' ? this.#differing(defs) : new Set<string>()
    const rename = (name: string) => (others.has(name) ? `${name}Input` : name)
    for (const [name, def] of Object.entries(defs)) this.#schemas[rename(name)] = this.#linked(withoutId(def), rename)
    return this.#linked(withoutId(own), rename) as JsonObject
  }

  /** A type that reads otherwise when it is sent than when it is answered, or that has such a one in it, has two schemas. */
  #differing(defs: JsonObject): Set<string> {
    const plain = (name: string) => JSON.stringify(this.#linked(withoutId(defs[name] ?? null), (id) => id))
    const names = Object.keys(defs).filter((name) => this.#schemas[name] !== undefined)
    const others = new Set(names.filter((name) => plain(name) !== JSON.stringify(this.#schemas[name])))
    for (let before = -1; before !== others.size; ) {
      before = others.size
      for (const name of names)
        if ([...others].some((other) => plain(name).includes(`"#/components/schemas/${other}"`))) others.add(name)
    }
    return others
  }

  #linked(value: Json, rename: (name: string) => string): Json {
    if (Array.isArray(value)) return value.map((item) => this.#linked(item, rename))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (key !== '$ref' || typeof inner !== 'string') return [key, this.#linked(inner, rename)]
        return [key, inner.replace(/^#\/\$defs\/(.+)$/, (_, name: string) => `#/components/schemas/${rename(name)}`)]
      }),
    )
  }
}

/** zod repeats a schema's name as its `id`, which JSON Schema has no such word for. */
function withoutId(schema: Json): Json {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema
  const { id: _, ...rest } = schema
  return rest
}
