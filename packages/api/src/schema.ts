import { Type, type TSchema } from 'typebox'

// What a structural schema of a CustomResourceDefinition allows is less than JSON Schema: no const, no anyOf of types, no
// patternProperties. These helpers are the whole vocabulary of our kinds, so that one source gives type, CRD and validation.

/** Pattern of `bytes`. */
export const BYTES_PATTERN = '^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$'
/** Pattern of `time`. */
export const DURATION_PATTERN = '^([0-9]+(ms|s|m|h))+$'

/** A text. */
export const text = (
  description: string,
  options: { pattern?: string; minLength?: number; maxLength?: number; default?: string } = {},
) => Type.String({ description, ...options })

/** One of several words. */
export const oneOf = <const T extends string>(
  description: string,
  words: readonly T[],
  options: { default?: T } = {},
) => Type.Unsafe<T>({ type: 'string', enum: [...words], description, ...options })

/** A whole number. */
export const integer = (
  description: string,
  options: { minimum?: number; maximum?: number; default?: number } = {},
) => Type.Integer({ description, ...options })

/** A yes or no. */
export const bool = (description: string, options: { default?: boolean } = {}) =>
  Type.Boolean({ description, ...options })

/** A list. With `uniqueBy` no two entries may have the same of these fields, and a patch finds an entry by them. */
export const list = <T extends TSchema>(
  description: string,
  items: T,
  options: { minItems?: number; maxItems?: number; uniqueBy?: readonly string[] } = {},
) => {
  const { uniqueBy, ...sizes } = options
  const unique = uniqueBy
    ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [...uniqueBy] }
    : {}
  return Type.Array(items, { description, ...sizes, ...unique })
}

/** A map from text to text. */
export const textMap = (description: string, options: { maxProperties?: number } = {}) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    description,
    additionalProperties: { type: 'string' },
    ...options,
  })

/** A count, or a share in per cent such as `25%`; people write the one as a number and the other as a text. */
export const countOrPercent = (description: string, fallback: number | string) =>
  Type.Unsafe<number | string>({
    description,
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    minimum: 0,
    pattern: '^[0-9]+%?$',
    maxLength: 16,
    default: fallback,
  })

/** A Kubernetes quantity of bytes, such as `8Gi`. */
export const bytes = (description: string) =>
  Type.String({ description, pattern: BYTES_PATTERN, maxLength: 32 })

/** A duration, such as `20m`. */
export const time = (description: string, fallback?: string) =>
  Type.String({
    description,
    pattern: DURATION_PATTERN,
    maxLength: 32,
    ...(fallback ? { default: fallback } : {}),
  })

/** A time stamp in RFC 3339. */
export const timestamp = (description: string) => Type.String({ description, format: 'date-time' })

/** A name of a Kubernetes object that also stands as the value of a label. */
export const labelledName = (description: string) =>
  Type.String({ description, minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' })

/** A name of a Kubernetes object. */
export const objectName = (description: string) =>
  Type.String({ description, minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' })

/** May be left out. */
export const optional = Type.Optional

/** A CEL rule, as in `x-kubernetes-validations`. */
export interface Rule {
  readonly rule: string
  readonly message: string
}

/** An object with its fields, described, and rules over the whole of it. */
export const object = <T extends Record<string, TSchema>>(
  description: string,
  properties: T,
  rules: readonly Rule[] = [],
) =>
  Type.Object(properties, { description, ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}) })

/** Conditions, as every Kubernetes kind has them. */
export const conditions = () =>
  Type.Unsafe<Condition[]>({
    type: 'array',
    description: 'What can be said of the object now, one entry a type.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: {
      type: 'object',
      required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
      properties: {
        type: { type: 'string', description: 'What the condition is about.' },
        status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
        reason: { type: 'string', description: 'One word for programs.' },
        message: { type: 'string', description: 'One sentence for people.' },
        lastTransitionTime: {
          type: 'string',
          format: 'date-time',
          description: 'When the status last changed.',
        },
        observedGeneration: {
          type: 'integer',
          format: 'int64',
          description: 'The generation this was said of.',
        },
      },
    },
  })

/** A condition of one of our kinds. */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason: string
  message: string
  lastTransitionTime: string
  observedGeneration?: number
}
