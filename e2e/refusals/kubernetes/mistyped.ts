import type { Schema } from './fields.ts'

/** A spec with a value of another type than Kamaji's program reads. */
export interface Mistyped {
  readonly path: string
  /** What Go calls what is there. */
  readonly got: string
  /** What Go calls what should be there; a regular expression. */
  readonly type: string
  readonly spec: unknown
}

/** What Go calls the type of a field of Kamaji's; undefined for those of other packages. */
function goType({ type, format, items }: Schema): string | undefined {
  if (type === 'boolean') return 'bool'
  if (type === 'integer') return format
  if (type === 'string') return String.raw`(?:string|v1alpha1\.\w+)`
  const item = items && goType(items)
  return type === 'array' && item !== undefined ? String.raw`\[\]${item}` : undefined
}

/** Every field of Kamaji's own whose type is plain, with a value of another. */
export function mistyped(schema: Schema, path: string, put: (value: unknown) => unknown): Mistyped[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    // What Kubernetes itself describes has names that nobody has recorded here.
    if (
      /^(?:additional|pod|affinity|tolerations|topology|strategy|resources|probes|runtimeClass|gateway)/.test(
        name,
      )
    )
      return []
    const at = `${path}.${name}`
    const type = goType(property)
    const [value, got] = property.type === 'string' ? [{}, 'object'] : ['text', 'string']
    const below = mistyped(property, at, (inner) => put({ [name]: inner }))
    return type === undefined ? below : [{ path: at, got, type, spec: put({ [name]: value }) }, ...below]
  })
}
