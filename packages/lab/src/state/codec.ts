/** Tags of what JSON does not know. */
const MAP = '$map'
const SET = '$set'
const BYTES = '$bytes'
const NONE = '$undefined'

/** A value as JSON text: maps, sets, bytes and `undefined` inside a map or list are told by tags; functions and absent fields are left out. */
export function encode(value: unknown): string {
  return JSON.stringify(tagged(value))
}

/** The value of a text of `encode`, or of the JSON that it holds. */
export function decode(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(decode)
  if (typeof json !== 'object' || json === null) return json
  const fields = json as Record<string, unknown>
  if (Array.isArray(fields[MAP]))
    return new Map(fields[MAP].map((entry) => decode(entry) as [unknown, unknown]))
  if (Array.isArray(fields[SET])) return new Set(fields[SET].map(decode))
  if (typeof fields[BYTES] === 'string') return Buffer.from(fields[BYTES], 'base64')
  if (fields[NONE] === true) return undefined
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, decode(field)]))
}

function tagged(value: unknown): unknown {
  if (value === undefined) return { [NONE]: true }
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array)
    return { [BYTES]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  if (value instanceof Map)
    return { [MAP]: [...(value as Map<unknown, unknown>)].map((entry) => entry.map(tagged)) }
  if (value instanceof Set) return { [SET]: [...(value as Set<unknown>)].map(tagged) }
  if (Array.isArray(value)) return value.map(tagged)
  const fields: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(value))
    if (field !== undefined && typeof field !== 'function') fields[name] = tagged(field)
  return fields
}
