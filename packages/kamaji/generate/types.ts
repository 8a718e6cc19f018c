/** Turns the structural schemas of the definitions into TypeScript. Parts that are plain core/v1 get a loose type: we read none of them. */
type Schema = {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  enum?: unknown[]
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** Properties that hold standard core/v1 or Gateway API types wherever they stand in these schemas. */
const LOOSE = new Set([
  'affinity',
  'additionalContainers',
  'additionalInitContainers',
  'additionalVolumes',
  'additionalVolumeMounts',
  'containerSecurityContexts',
  'podSecurityContext',
  'securityContext',
  'topologySpreadConstraints',
  'resources',
  'probes',
  'strategy',
])

/** TypeScript of one schema. */
export function typeOf(schema: Schema, indent = ''): string {
  if (schema.enum) return schema.enum.map((value) => `'${String(value)}'`).join(' | ')
  if (schema['x-kubernetes-int-or-string']) return 'number | string'
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'array': {
      const item = typeOf(schema.items ?? {}, indent)
      return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
    }
    case 'object':
      return objectType(schema, indent)
    default:
      return 'unknown'
  }
}

function objectType(schema: Schema, indent: string): string {
  if (schema.properties) {
    const inner = `${indent}  `
    const required = new Set(schema.required)
    const lines = Object.entries(schema.properties).map(([name, property]) => {
      const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`
      return `${inner}${key}${required.has(name) ? '' : '?'}: ${LOOSE.has(name) ? looseType(property) : typeOf(property, inner)}`
    })
    return `{\n${lines.join('\n')}\n${indent}}`
  }
  if (typeof schema.additionalProperties === 'object')
    return `Record<string, ${typeOf(schema.additionalProperties, indent)}>`
  return 'Record<string, unknown>'
}

function looseType(schema: Schema): string {
  return schema.type === 'array' ? 'Record<string, unknown>[]' : 'Record<string, unknown>'
}

/** The generated file's text. */
export function typesFile(definitions: { kind: string; schema: Schema }[]): string {
  const parts = ['// Written by `npm run generate` from crds/*.json. Do not edit.', '']
  for (const { kind, schema } of definitions) {
    for (const part of ['spec', 'status'] as const) {
      const found = schema.properties?.[part]
      if (found)
        parts.push(`export type ${kind}${part === 'spec' ? 'Spec' : 'Status'} = ${typeOf(found)}`, '')
    }
  }
  return parts.join('\n')
}
