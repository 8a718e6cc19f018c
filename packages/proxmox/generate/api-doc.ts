import type { ApiSchema, Call, Method, Param } from '../schema/index.ts'

/** A JSON object of the API viewer's data. */
type Doc = Readonly<Record<string, unknown>>

type Params = Readonly<Record<string, Param>>

const isDoc = (value: unknown): value is Doc =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isTrue = (value: unknown): boolean => value === 1 || value === '1' || value === true

/** What a refresh found: the schema in our form, and what a person should look at. */
export interface CompactedApiDoc {
  readonly schema: ApiSchema
  readonly notes: readonly string[]
}

/** The keys of a parameter that are taken over as they are, under the name that our form has for them. */
const plain = {
  type: 'type',
  enum: 'enum',
  minimum: 'min',
  maximum: 'max',
  // Some of Proxmox's own definitions misspell these, so that they have no effect.
  min: 'minBogus',
  max: 'maxBogus',
  minLength: 'minLen',
  maxLength: 'maxLen',
  default: 'def',
  requires: 'req',
  alias: 'alias',
  keyAlias: 'keyAlias',
  renderer: 'unit',
  'instance-types': 'for',
  'type-property': 'typeProp',
} as const

/**
 * The tree in an `apidoc.js`: a JSON list assigned to a constant, with the viewer's program after it. It is cut out by its brackets and
 * parsed; nothing of the file is run. Throws a SyntaxError for a text without it.
 */
export function readApiDoc(text: string): readonly unknown[] {
  const begin = /(?:const|let|var)\s+(?:apiSchema|pveapi)\s*=\s*(?=\[)/.exec(text)
  if (!begin) throw new SyntaxError('no "apiSchema = [" in it: not the data of a Proxmox API viewer')
  const from = begin.index + begin[0].length
  let depth = 0
  let inString = false
  for (let at = from; at < text.length; at += 1) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at += 1
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '[' || character === '{') depth += 1
    else if (character === ']' || character === '}') {
      depth -= 1
      if (depth === 0) return JSON.parse(text.slice(from, at + 1)) as unknown[]
    }
  }
  throw new SyntaxError('the list of the API viewer has no end: the file was cut')
}

/**
 * Turns the API viewer's tree into our compact form. What the viewer does not say is kept from the schema that is pinned now: the named
 * string formats, the names of property-string formats (found again by their fields) and the ranges of `name[n]`.
 */
export function compactApiDoc(tree: readonly unknown[], pinned: ApiSchema): CompactedApiDoc {
  const notes: string[] = []
  const formats: Record<string, Record<string, Param>> = {}
  const namesByFields = new Map(
    Object.entries(pinned.formats).map(([name, fields]) => [canonical(fields), name]),
  )
  let params = 0
  let methods = 0

  const formatName = (fields: Record<string, Param>, where: string): string => {
    const text = canonical(fields)
    let name = namesByFields.get(text)
    if (name === undefined) {
      const base = where.replace(/^.*:/, '').replace(/\[n\]$/, '')
      name = base
      for (let copy = 2; name in pinned.formats || name in formats; copy += 1) name = `${base}-${copy}`
      namesByFields.set(text, name)
      notes.push(`${where}: a property string with new fields, named "${name}"`)
    }
    formats[name] = fields
    return name
  }

  const each = (properties: unknown, where: string, known: Params = {}): Record<string, Param> =>
    Object.fromEntries(
      Object.entries(isDoc(properties) ? properties : {}).map(([name, property]) => {
        const param = compact(isDoc(property) ? property : {}, `${where}:${name}`, known[name])
        const range = name.includes('[n]') ? known[name]?.idx : undefined
        return [name, range ? { ...param, idx: range } : param]
      }),
    )

  const compact = (doc: Doc, where: string, known?: Param): Param => {
    const param: Record<string, unknown> = {}
    for (const [from, to] of Object.entries(plain)) if (doc[from] !== undefined) param[to] = doc[from]
    if (typeof doc['format'] === 'string') param['fmt'] = doc['format']
    else if (isDoc(doc['format'])) param['fmt'] = `#${formatName(each(doc['format'], where), where)}`
    if (typeof doc['pattern'] === 'string') Object.assign(param, pattern(doc['pattern'], where, notes))
    if (isTrue(doc['optional'])) param['opt'] = 1
    if (isTrue(doc['default_key'])) param['defKey'] = 1
    if (isDoc(doc['items'])) param['items'] = compact(doc['items'], where, known?.items)
    if (isDoc(doc['properties'])) param['props'] = each(doc['properties'], where, known?.props)
    if (Array.isArray(doc['oneOf'])) {
      const variants = doc['oneOf'].filter(isDoc).map((one) => compact(one, where))
      param['oneOf'] = variants
      // Whichever of them holds, it may be left out.
      if (variants.every(({ opt }) => opt === 1)) param['opt'] = 1
    }
    const extra = doc['additionalProperties']
    if (isDoc(extra)) param['extra'] = compact(extra, where)
    else if (extra !== undefined) param['extra'] = isTrue(extra) ? 1 : 0
    const link = Array.isArray(doc['links']) ? (doc['links'][0] as Doc | undefined)?.['href'] : undefined
    if (typeof link === 'string') param['link'] = link
    return param
  }

  const call = (method: Method, path: string, doc: Doc): Call => {
    const where = `${method} ${path}`
    const parameters = isDoc(doc['parameters']) ? doc['parameters'] : {}
    const known = pinned.paths[path]?.[method]
    const own = each(parameters['properties'], where, known?.params)
    methods += 1
    params += Object.keys(own).length
    const permissions = isDoc(doc['permissions']) ? doc['permissions'] : undefined
    const isInCode = permissions?.['description'] !== undefined
    const proxyto = doc['proxyto_callback'] === undefined ? doc['proxyto'] : 'fn'
    return {
      name: typeof doc['name'] === 'string' ? doc['name'] : '',
      params: own,
      returns: isDoc(doc['returns']) ? compact(doc['returns'], where, known?.returns) : { type: 'null' },
      perm: permissions ? (permissions['check'] ?? permissions['user'] ?? 'all') : 'root@pam',
      ...(isInCode && { permCode: 1 as const }),
      token: isTrue(doc['allowtoken'] ?? 1) ? 1 : 0,
      ...(isTrue(doc['protected']) && { protected: 1 as const }),
      ...(typeof proxyto === 'string' && { proxyto }),
      ...(isTrue(doc['download_allowed']) && { download: 1 }),
      ...(isTrue(doc['expose_credentials']) && { creds: 1 }),
      ...(parameters['additionalProperties'] === undefined && { extraParams: 1 as const }),
    }
  }

  const paths: Record<string, Partial<Record<Method, Call>>> = {}
  const walk = (nodes: readonly unknown[]): void => {
    for (const node of nodes) {
      if (!isDoc(node)) continue
      const path = String(node['path'])
      const calls: Partial<Record<Method, Call>> = {}
      for (const method of ['DELETE', 'GET', 'POST', 'PUT'] as const) {
        const doc = isDoc(node['info']) ? node['info'][method] : undefined
        if (isDoc(doc)) calls[method] = call(method, path, doc)
      }
      paths[path] = calls
      if (Array.isArray(node['children'])) walk(node['children'])
    }
  }
  walk(tree)
  const pathsWithoutMethods = Object.values(paths).filter((calls) => Object.keys(calls).length === 0).length
  const counts = {
    paths: Object.keys(paths).length,
    methods,
    params,
    pathsWithoutMethods,
    formats: Object.keys(formats).length,
  }
  const { keys, stringFormats } = pinned
  return { schema: { counts, keys, stringFormats, formats: sorted(formats), paths: sorted(paths) }, notes }
}

/** A Perl pattern as JavaScript reads it; left out, with a note, where that cannot be done. */
function pattern(perl: string, where: string, notes: string[]): { pat?: string; patFlags?: string } {
  const wrapped = /^\(\?\^([a-z]*):(.*)\)$/s.exec(perl)
  const flags = wrapped?.[1]?.replace(/[^i]/g, '') ?? ''
  const anchored = (wrapped?.[2] ?? perl)
    .replaceAll('\\z', '$')
    .replaceAll('\\Z', '$')
    .replaceAll('\\A', '^')
    .replaceAll('(?^:', '(?:')
  // Possessive quantifiers are only a matter of speed.
  for (const pat of [anchored, anchored.replace(/([*+?}])\+/g, '$1')]) {
    try {
      RegExp(pat, flags)
      return { pat, ...(flags && { patFlags: flags }) }
    } catch {
      // The next spelling may do.
    }
  }
  notes.push(`${where}: the pattern ${perl} cannot be read here and was left out`)
  return {}
}

/** Text that is equal for equal facts, in whatever order they stand. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (isDoc(inner) ? sorted(inner) : inner))
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
