import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** One field of a Go struct that has a place on the wire. */
export interface GoField {
  number: number
  /** Name in JSON; that of the wire for inline members. */
  json: string
  /** Go has a pointer there: absent and zero differ. */
  pointer: boolean
  repeated: boolean
  map: boolean
  inline: boolean
  /** `string`, `bytes`, `bool`, `int32`, `int64`, `double`, or a full message name. */
  type: string
}

const SCALARS: { [type: string]: string } = {
  string: 'string',
  bool: 'bool',
  int: 'int64',
  int32: 'int32',
  int64: 'int64',
  float64: 'double',
  byte: 'bytes',
}

/**
 * Reads the structs of Go packages: message name -> fields. `modules` is a folder with modules named `api@v…`, `apimachinery@v…` and
 * so on, as `go mod download k8s.io/api@…` leaves them; `packages` are import paths, `k8s.io/api/core/v1`.
 */
export async function readGoTypes(
  modules: string,
  packages: readonly string[],
): Promise<Map<string, GoField[]>> {
  const folders = await readdir(modules)
  const result = new Map<string, GoField[]>()
  for (const path of packages) {
    const [, module = '', ...rest] = path.split('/')
    const folder = folders.filter((name) => name.startsWith(`${module}@`)).toSorted()
    const directory = join(modules, folder.at(-1) ?? module, ...rest)
    const sources = (await readdir(directory)).filter(
      (name) => name.endsWith('.go') && !/(_test|generated.*|zz_.*)\.go$/.test(name),
    )
    const texts = await Promise.all(sources.map((name) => readFile(join(directory, name), 'utf8')))
    const named = new Map(texts.flatMap((text) => [...namedTypes(text)]))
    for (const text of texts)
      for (const [name, fields] of structs(text, path, named)) result.set(name, fields)
  }
  return result
}

/** Types with another name: `type PodPhase string`. */
function namedTypes(text: string): [string, string][] {
  return [...text.matchAll(/^type (\w+) ([\w.[\]]+)$/gm)].map((match) => [match[1] ?? '', match[2] ?? ''])
}

function structs(text: string, path: string, named: Map<string, string>): [string, GoField[]][] {
  const imports = new Map<string, string>()
  for (const [, alias, imported = ''] of text.matchAll(/^\s*(?:import )?(\w+)? ?"(k8s\.io\/[^"]+)"$/gm))
    imports.set(alias ?? imported.slice(imported.lastIndexOf('/') + 1), imported)
  const messageOf = (type: string): string => {
    const dot = type.lastIndexOf('.')
    const home = dot < 0 ? path : (imports.get(type.slice(0, dot)) ?? path)
    return `${home.replaceAll('/', '.').replaceAll('-', '_')}.${type.slice(dot + 1)}`
  }
  const wireType = (type: string): string => {
    const plain = named.get(type) ?? type
    return SCALARS[plain] ?? (plain === 'types.UID' ? 'string' : messageOf(type))
  }
  const found: [string, GoField[]][] = []
  for (const [, name = '', body = ''] of text.matchAll(/^type (\w+) struct \{\n([^]*?)^\}/gm)) {
    const fields: GoField[] = []
    const tagged =
      /^\t(?:\w+\s+)?(\S+)\s+`json:"([^",]*)([^"]*)"[^`]* protobuf:"\w+,(\d+),\w+,name=([^",]+)/gm
    for (const [, type = '', json = '', options = '', number, wire = ''] of body.matchAll(tagged)) {
      const value = type
        .replace(/^\*/, '')
        .replace(/^\[\]/, '')
        .replace(/^map\[[\w.]+\]/, '')
      const isMap = type.includes('map[')
      const isBytes = /^\*?\[\]byte$/.test(type)
      fields.push({
        number: Number(number),
        json: json === '' || json === '-' ? (json === '-' ? '-' : wire) : json,
        pointer: type.startsWith('*'),
        repeated: type.replace(/^\*/, '').startsWith('[]') && !isBytes,
        map: isMap,
        inline: options.includes('inline'),
        type: isBytes ? 'bytes' : wireType(value),
      })
    }
    if (fields.length > 0) found.push([messageOf(name), fields])
  }
  return found
}
