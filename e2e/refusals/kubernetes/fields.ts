import type { Cause } from './status.ts'

/** A schema of a CustomResourceDefinition, as much of it as mistakes are made of. */
export interface Schema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly default?: unknown
  readonly [fact: string]: unknown
}

/** A spec with one field wrong, and what has to be said of it. */
export interface FieldMistake {
  readonly kind: string
  /** As messages write it: `spec.a[0].b`. */
  readonly field: string
  readonly spec: unknown
  readonly cause: Cause
  /** The value cannot be used at all: rules between fields are not looked at. */
  readonly blocks: boolean
}

const TEXTS = [
  'abc',
  '11111111-1111-1111-1111-111111111111',
  'v1.34.0',
  '1Gi',
  '10m',
  '192.0.2.1',
  '192.0.2.0/24',
  'https://a.example',
  'a:1',
  'dc1',
  '/a',
  'AA'.padEnd(64, 'A'),
  `${'AA:'.repeat(31)}AA`,
  'ssh-ed25519 AAAA',
]

/** A value that a schema allows, with what is required in it; `given` wins over what would be made. */
export function rightValue(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default
  if (schema.enum) return schema.enum[0]
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, rightValue(schema.properties?.[name] ?? {})]),
      )
    case 'array':
      return schema.minItems === undefined ? [] : [rightValue(schema.items ?? {})]
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1)
    case 'boolean':
      return false
    default: {
      const { pattern, minLength = 0, maxLength = 1000 } = schema
      const found = TEXTS.find(
        (text) =>
          (pattern === undefined || new RegExp(pattern).test(text)) &&
          text.length >= minLength &&
          text.length <= maxLength,
      )
      return found ?? 'abc'
    }
  }
}

/** Characters of a description from which on it is tried once. */
const LONG = 400

/**
 * Every mistake that the fields below a schema can have, each alone, in objects that are right otherwise. Of parts that are described in
 * the same words, such as containers of several kinds, one is tried.
 */
export function fieldMistakes(
  schema: Schema,
  field: string,
  put: (value: unknown) => unknown,
  tried = new Set<string>(),
): FieldMistake[] {
  const found: FieldMistake[] = []
  const add = (
    kind: string,
    value: unknown,
    reason: string,
    message: string,
    blocks: boolean,
    at = field,
  ): void => {
    found.push({ kind, field: at, spec: put(value), cause: { field: at, reason, message }, blocks })
  }
  const { type, minimum, maximum, pattern, minLength, maxLength, minItems, maxItems } = schema
  const bad = (kind: string, value: unknown, text: string): void =>
    add(
      kind,
      value,
      'FieldValueInvalid',
      `Invalid value: ${JSON.stringify(value)}: ${field} in body ${text}`,
      false,
    )
  if (type !== undefined && schema['x-kubernetes-int-or-string'] !== true) {
    const [value, got] = type === 'string' ? [{ a: 1 }, 'object'] : ['text', 'string']
    // A list of words is not looked at where there is no word.
    const typed = `Invalid value: "${got}": ${field} in body must be of type ${type}: "${got}"`
    if (schema.enum === undefined) add('type', value, 'FieldValueTypeInvalid', typed, true)
  }
  if (schema.enum) {
    const words = schema.enum.map((word) => JSON.stringify(word)).join(', ')
    add(
      'enum',
      'nosuch',
      'FieldValueNotSupported',
      `Unsupported value: "nosuch": supported values: ${words}`,
      true,
    )
  }
  if (minimum !== undefined) bad('minimum', minimum - 1, `should be greater than or equal to ${minimum}`)
  if (maximum !== undefined) bad('maximum', maximum + 1, `should be less than or equal to ${maximum}`)
  if (pattern !== undefined && (minLength ?? 0) < 2 && !new RegExp(pattern).test('!'))
    bad('pattern', '!', `should match '${pattern}'`)
  if (pattern === undefined && minLength !== undefined && minLength > 0)
    bad('length', '', `should be at least ${minLength} chars long`)
  if (pattern === undefined && maxLength !== undefined && schema.enum === undefined)
    add(
      'length',
      'x'.repeat(maxLength + 1),
      'FieldValueTooLong',
      `Too long: may not be more than ${maxLength} bytes`,
      true,
    )
  if (type === 'array' && schema.items) {
    if (minItems !== undefined && minItems > 0)
      add(
        'items',
        [],
        'FieldValueInvalid',
        `Invalid value: 0: ${field} in body should have at least ${minItems} items`,
        false,
      )
    if (maxItems !== undefined && schema['x-kubernetes-list-type'] === undefined)
      add(
        'items',
        Array.from({ length: maxItems + 1 }, () => rightValue(schema.items ?? {})),
        'FieldValueTooMany',
        `Too many: ${maxItems + 1}: must have at most ${maxItems} items`,
        true,
      )
    found.push(...fieldMistakes(schema.items, `${field}[0]`, (value) => put([value]), tried))
  }
  const whole = (rightValue({ ...schema, default: undefined }) ?? {}) as Record<string, unknown>
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const at = `${field}.${name}`
    if (schema.required?.includes(name) === true && property.default === undefined) {
      const { [name]: _, ...others } = whole
      add('required', others, 'FieldValueRequired', 'Required value', true, at)
    }
    const words = JSON.stringify(property)
    if (words.length > LONG && tried.has(words)) continue
    tried.add(words)
    found.push(...fieldMistakes(property, at, (value) => put({ ...whole, [name]: value }), tried))
  }
  return found
}
