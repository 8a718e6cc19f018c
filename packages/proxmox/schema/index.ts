import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The API's methods. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** One parameter, return value or property-string field, in the compact words that `keys` of the schema explains. */
export interface Param {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null' | 'any'
  /** A named string format, or `#name` for a property string whose fields are in `formats`. */
  readonly fmt?: string
  readonly enum?: readonly string[]
  /** Regular expression, implicitly anchored. */
  readonly pat?: string
  readonly patFlags?: string
  readonly min?: number
  readonly max?: number
  readonly minLen?: number
  readonly maxLen?: number
  readonly def?: unknown
  readonly opt?: 1
  /** Other parameter that must also be given. */
  readonly req?: string
  /** Index range of `name[n]`. */
  readonly idx?: readonly [number, number]
  /** The field's key may be omitted in the property string. */
  readonly defKey?: 1
  readonly alias?: string
  readonly keyAlias?: string
  readonly items?: Param
  readonly props?: Readonly<Record<string, Param>>
  /** Whether there may be other properties, or what each of them is. */
  readonly extra?: 0 | 1 | Param
  readonly [fact: string]: unknown
}

/** One call: a method of a path. */
export interface Call {
  readonly name: string
  readonly params: Readonly<Record<string, Param>>
  readonly returns?: Param
  /** `all`, `world`, `root@pam` or a check expression. */
  readonly perm?: unknown
  readonly permCode?: 1
  readonly token?: 0 | 1
  readonly protected?: 1
  readonly proxyto?: string
  readonly extraParams?: 1
  readonly [fact: string]: unknown
}

/** A named string format. */
export interface StringFormat {
  readonly pat?: string
  readonly flags?: string
  readonly err?: string
  readonly anyOf?: readonly string[]
  readonly form?: string
  readonly [fact: string]: unknown
}

/** The whole description of the API. */
export interface ApiSchema {
  readonly counts: Readonly<Record<string, number>>
  readonly keys: Readonly<Record<string, string>>
  readonly stringFormats: Readonly<Record<string, StringFormat>>
  readonly formats: Readonly<Record<string, Readonly<Record<string, Param>>>>
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, Call>>>>>
}

/** The data lies beside this file; compiled, this file is in `dist/schema` and the data stays where it is. */
const folder = existsSync(join(import.meta.dirname, 'VERSION'))
  ? import.meta.dirname
  : join(import.meta.dirname, '..', '..', 'schema')

/** Version of Proxmox VE that the schema describes. */
export const PVE_VERSION = readFileSync(join(folder, 'VERSION'), 'utf8').trim()

const read = (): string => (text ??= readFileSync(join(folder, 'pve-9.1.json'), 'utf8'))
const parse = (): ApiSchema => (parsed ??= JSON.parse(read()) as ApiSchema)
let text: string | undefined
let parsed: ApiSchema | undefined

/**
 * The pinned description of the Proxmox VE API: 435 paths, 649 calls. Facts only: names, types, ranges, permissions. Read when first asked for
 * something.
 */
export const apiSchema: ApiSchema = {
  get counts() {
    return parse().counts
  },
  get keys() {
    return parse().keys
  },
  get stringFormats() {
    return parse().stringFormats
  },
  get formats() {
    return parse().formats
  },
  get paths() {
    return parse().paths
  },
}

/** One call of the description, without making objects of all the others; undefined where the path or its method is none. */
export function callOf(method: Method, template: string): Call | undefined {
  if (parsed) return parsed.paths[template]?.[method]
  const begin = `\n${JSON.stringify(template)}:`
  const at = read().indexOf(begin)
  if (at < 0) return undefined
  const line = read().slice(at + begin.length, read().indexOf('\n', at + 1))
  return (JSON.parse(line.replace(/,$/, '')) as ApiSchema['paths'][string])[method]
}

/** The text of a description as it is kept: a path on each line, for `callOf`, and for whoever reads what a new version changed. */
export function printSchema({ paths, ...rest }: ApiSchema): string {
  const lines = Object.entries(paths).map(([path, calls]) => `${JSON.stringify(path)}:${JSON.stringify(calls)}`)
  return `${JSON.stringify(rest).slice(0, -1)},"paths":{\n${lines.join(',\n')}\n}}\n`
}
