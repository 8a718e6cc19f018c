import type { ApiSchema, Method, Param } from '../schema/index.ts'
import type { ParamValue } from './encode.ts'
import { ProxmoxApiError } from './errors.ts'

/**
 * Finds the template of a concrete path and checks the parameters against the schema: unknown, missing, of the wrong type, out of
 * range. What only Proxmox can judge is left to it.
 * @returns the path template. Throws a ProxmoxApiError with status 501 or 400, as Proxmox itself would answer.
 */
export function checkCall(
  schema: ApiSchema,
  method: Method,
  path: string,
  params: Readonly<Record<string, ParamValue>>,
): string {
  const template = templateOf(schema, path)
  const call = template === undefined ? undefined : schema.paths[template]?.[method]
  if (template === undefined || !call)
    throw new ProxmoxApiError({ method, path }, 501, `Method '${method} ${path}' not implemented`)
  const errors: Record<string, string> = {}
  const given = new Set(
    Object.keys(params).filter((name) => params[name] !== undefined && params[name] !== null),
  )
  const inPath = new Set([...template.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? ''))
  const add = (name: string, problem: string): void => {
    // Proxmox joins them so, with a backslash and an n.
    errors[name] = errors[name] === undefined ? problem : `${errors[name]}\\n${problem}`
  }
  for (const [name, param] of Object.entries(call.params)) {
    // One of a numbered row is never required.
    const isRow = param.idx !== undefined || param.alias !== undefined
    if (!param.opt && !isRow && !given.has(name) && !inPath.has(name))
      add(name, 'property is missing and it is not optional')
  }
  for (const name of given) {
    const param = paramOf(call.params, name)
    if (!param) {
      if (!call.extraParams)
        add(name, 'property is not defined in schema and the schema does not allow additional properties')
      continue
    }
    const problem = problemOf(schema, param, params[name])
    if (problem) add(name, problem)
    if (param.req !== undefined && !given.has(param.req) && !inPath.has(param.req))
      add(param.req, `missing property required by '${name}'`)
  }
  if (Object.keys(errors).length > 0)
    throw new ProxmoxApiError({ method, path }, 400, 'Parameter verification failed.', errors)
  return template
}

/** A path of the schema, taken apart. */
interface Template {
  readonly template: string
  readonly parts: readonly string[]
  readonly literals: number
  /** Its last name holds slashes, as that of a volume and a network: it takes the rest of the path. */
  readonly takesRest: boolean
}

const templates = new WeakMap<ApiSchema, readonly Template[]>()

/** The paths of a schema, taken apart once. */
function templatesOf(schema: ApiSchema): readonly Template[] {
  let all = templates.get(schema)
  if (!all) {
    all = Object.keys(schema.paths).map((template) => {
      const parts = template.split('/').filter(Boolean)
      const literals = parts.filter((part) => !part.startsWith('{')).length
      return { template, parts, literals, takesRest: /\{(volume|cidr)\}$/.test(template) }
    })
    templates.set(schema, all)
  }
  return all
}

/** The template of a concrete path; literal segments win over parameters, as in Proxmox. */
function templateOf(schema: ApiSchema, path: string): string | undefined {
  const segments = path.split('/').filter(Boolean)
  // Whoever relays the call would walk up the path, to another call than was checked.
  if (segments.includes('.') || segments.includes('..')) return undefined
  let best: Template | undefined
  for (const one of templatesOf(schema)) {
    const { parts, takesRest } = one
    if (takesRest ? segments.length < parts.length : segments.length !== parts.length) continue
    if (!parts.every((part, index) => part.startsWith('{') || part === segments[index])) continue
    if (!best || one.literals > best.literals) best = one
  }
  return best?.template
}

function paramOf(params: Readonly<Record<string, Param>>, name: string): Param | undefined {
  const exact = params[name]
  if (exact && !name.includes('[n]')) return exact
  const match = /^(.*?)(0|[1-9]\d*)$/.exec(name)
  const indexed = match ? params[`${match[1]}[n]`] : undefined
  const number = Number(match?.[2])
  if (!indexed || (indexed.idx && (number < indexed.idx[0] || number > indexed.idx[1]))) return undefined
  return indexed
}

function problemOf(schema: ApiSchema, param: Param, value: ParamValue): string | undefined {
  if (Array.isArray(value)) {
    // A list in a text is written with commas; a name that is given twice means the same.
    const isList = param.type === 'string' && (param.fmt?.endsWith('-list') ?? false)
    if (isList || ['array', 'any', undefined].includes(param.type)) return undefined
    return `type check ('${param.type}') failed - got ARRAY`
  }
  const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
  if (param.type === 'integer' && !/^[+-]?\d+$/.test(text))
    return `type check ('integer') failed - got '${text}'`
  if (param.type === 'number' && !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
    return `type check ('number') failed - got '${text}'`
  if (param.type === 'boolean' && !/^[01]$/.test(text)) return `type check ('boolean') failed - got '${text}'`
  if (param.fmt === 'pve-vmid' && !/^[1-9]\d{2,8}$/.test(text))
    return 'invalid format - value does not look like a valid VM ID\n'
  // From here on in Proxmox's order: it tells the first that fails.
  if (param.fmt !== undefined) {
    const wrong = formatProblem(schema, param.fmt, text)
    if (wrong !== undefined) return `invalid format - ${wrong}\n`
  }
  if (param.pat !== undefined && !compiled(param, param.pat, param.patFlags).test(text))
    return 'value does not match the regex pattern'
  if (param.maxLen !== undefined && text.length > param.maxLen)
    return `value may only be ${param.maxLen} characters long`
  if (param.minLen !== undefined && text.length < param.minLen)
    return `value must be at least ${param.minLen} characters long`
  const isNumber = param.type === 'integer' || param.type === 'number'
  if (isNumber && param.max !== undefined && Number(text) > param.max)
    return `value must have a maximum value of ${param.max}`
  if (isNumber && param.min !== undefined && Number(text) < param.min)
    return `value must have a minimum value of ${param.min}`
  if (param.enum && !param.enum.includes(text))
    return `value '${text}' does not have a value in the enumeration '${param.enum.join(', ')}'`
  return undefined
}

/** Formats that are a pattern and nothing else. What the others want, Proxmox says. */
const PATTERNS = new Set([
  'dns-name',
  'mac-addr',
  'pve-configid',
  'pve-groupid',
  'pve-iface',
  'pve-node',
  'pve-qm-bootdisk',
  'pve-realm',
  'pve-roleid',
  'pve-storage-content',
  'pve-tag',
  'pve-volume-id',
  'urlencoded',
])

/** What is wrong with a text of a named format, a list of such texts included. */
function formatProblem(schema: ApiSchema, fmt: string, text: string): string | undefined {
  const name = fmt.replace(/-list$/, '')
  const format = PATTERNS.has(name) ? schema.stringFormats[name] : undefined
  if (!format) return undefined
  const pattern = compiled(format, format.pat, format.flags)
  const items = name === fmt ? [text] : text.split(/[,;\0\s]+/).filter((item) => item !== '')
  const wrong = items.find((item) => !pattern.test(item))
  return wrong === undefined ? undefined : format.err?.replace('%s', () => wrong)
}

const patterns = new WeakMap<object, RegExp>()

/** The regular expression of a parameter or format, which holds for all of the text; compiled once. */
function compiled(of: object, pat: string | undefined, flags: string | undefined): RegExp {
  let pattern = patterns.get(of)
  if (!pattern) {
    pattern = new RegExp(`^(?:${pat})$`, flags ?? '')
    patterns.set(of, pattern)
  }
  return pattern
}
