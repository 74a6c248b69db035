import { SkeinError } from '@skein/protocol'

/** As much of a schema as Fly's document uses. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly nullable?: boolean
  readonly enum?: readonly unknown[]
  readonly allOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
}

export interface SchemaCheck {
  /** By `#/components/schemas/…`. */
  readonly schemas: Readonly<Record<string, Schema>>
  /** Whether what the schema does not name is wrong. */
  readonly closed: boolean
}

const UNDERSTOOD = new Set(
  ['$ref', 'type', 'nullable', 'enum', 'allOf', 'items', 'properties', 'additionalProperties', 'required'].concat(
    // These say nothing about what fits.
    ['description', 'title', 'example', 'deprecated', 'format', 'default', 'x-enum-varnames', 'x-enum-descriptions'],
    ['x-enum-comments', 'x-go-type'],
  ),
)

/** What in `value` does not fit, each with its path. */
export function misfits(value: unknown, schema: Schema, check: SchemaCheck, path = '$'): string[] {
  const target = schema.$ref === undefined ? schema : resolve(schema.$ref, check)
  if (target.allOf) return target.allOf.flatMap((part) => misfits(value, part, check, path))
  if (value === null) return isNullable(schema, target) ? [] : [`${path} is null`]
  if (target.enum && !target.enum.includes(value))
    return [`${path} is ${JSON.stringify(value)}, none of ${target.enum.join(', ')}`]
  if (target.type !== undefined && !isA(target.type, value))
    return [`${path} is no ${target.type}: ${JSON.stringify(value)}`]
  if (Array.isArray(value)) return value.flatMap((item, n) => misfits(item, target.items ?? {}, check, `${path}[${n}]`))
  return typeof value === 'object' ? objectMisfits(value as Record<string, unknown>, target, check, path) : []
}

/** Keywords that `misfits` would pass over in silence. */
export function unknownKeywords(schema: Schema): string[] {
  const below = [
    ...(schema.allOf ?? []),
    ...(schema.items ? [schema.items] : []),
    ...Object.values(schema.properties ?? {}),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ]
  return [...Object.keys(schema).filter((key) => !UNDERSTOOD.has(key)), ...below.flatMap(unknownKeywords)]
}

function objectMisfits(value: Record<string, unknown>, schema: Schema, check: SchemaCheck, path: string): string[] {
  const missing = (schema.required ?? [])
    .filter((key) => value[key] === undefined)
    .map((key) => `${path}.${key} is missing`)
  const present = Object.entries(value).flatMap(([key, item]) => {
    const named = schema.properties?.[key]
    if (named) return misfits(item, named, check, `${path}.${key}`)
    if (typeof schema.additionalProperties === 'object')
      return misfits(item, schema.additionalProperties, check, `${path}.${key}`)
    return check.closed && schema.properties ? [`${path}.${key} is not in the document`] : []
  })
  return [...missing, ...present]
}

function resolve(reference: string, { schemas }: SchemaCheck): Schema {
  const schema = schemas[reference.replace('#/components/schemas/', '')]
  if (schema === undefined)
    throw new SkeinError('internal', `resolving ${reference}: the OpenAPI document does not have it`)
  return schema
}

function isNullable(schema: Schema, target: Schema): boolean {
  return (
    schema.nullable === true ||
    target.nullable === true ||
    (target.type === undefined && target.properties === undefined)
  )
}

function isA(type: string, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && !Array.isArray(value)
  return typeof value === type
}
