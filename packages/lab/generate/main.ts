/**
 * Writes `src/kubernetes/builtin/generated/messages.ts`: the fields of the built-in API types, in a compact form of our own.
 *
 * `node generate/main.ts <protobuf-fields.json> <modules>` reads the facts from that file: message name -> list of [field number,
 * JSON name, opt|rep|map, type, "inline"?]; and from the Go sources of the API types which fields are pointers, and the packages the
 * file has not. `<modules>` is where `go mod download` put k8s.io/api, apimachinery, apiextensions-apiserver and kube-aggregator.
 * Without arguments the committed file is read and written again, which changes nothing.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { parseMessages } from '../src/kubernetes/builtin/messages.ts'
import type { Message } from '../src/kubernetes/builtin/messages.ts'
import { readGoTypes } from './go-types.ts'

type SourceField = [number, string, 'opt' | 'rep' | 'map', string, ('inline' | undefined)?]

const TARGET = new URL('../src/kubernetes/builtin/generated/messages.ts', import.meta.url)

/** One letter for each scalar type. */
const SCALARS: Record<string, string> = {
  string: 's',
  bytes: 'b',
  bool: 't',
  int32: 'i',
  int64: 'l',
  double: 'd',
}

/** Packages that the facts have not. */
const ADDED = [
  'k8s.io/api/apidiscovery/v2',
  'k8s.io/api/autoscaling/v2',
  'k8s.io/api/flowcontrol/v1',
  'k8s.io/api/resource/v1',
  'k8s.io/kube-aggregator/pkg/apis/apiregistration/v1',
]

async function fromFacts(path: string, modules: string): Promise<Message[]> {
  const facts = JSON.parse(await readFile(path, 'utf8')) as Record<string, SourceField[]>
  const packages = [...new Set(Object.keys(facts).map(packageOf))].map(importPath)
  const go = await readGoTypes(modules, [...packages, ...ADDED])
  const added = ADDED.map((each) => each.replaceAll('/', '.').replaceAll('-', '_'))
  const known = (type: string): boolean => type in SCALARS || type in facts || added.includes(packageOf(type))
  const isPointer = (name: string, number: number): boolean =>
    go.get(name)?.some((field) => field.number === number && field.pointer) ?? false
  const more = [...go]
    .filter(([name]) => added.includes(packageOf(name)))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, fields]): Message => ({
      name,
      fields: fields
        .filter(({ type }) => known(type))
        .map(({ json, ...field }) => ({ ...field, name: json })),
    }))
  const stated = Object.entries(facts).map(([name, fields]): Message => ({
    name,
    fields: fields
      // A type of another API level that is not among the facts is left out.
      .filter(([, , , type]) => known(type))
      .map(([number, field, rule, type, inline]) => ({
        number,
        name: field,
        repeated: rule === 'rep',
        map: rule === 'map',
        inline: inline === 'inline',
        pointer: isPointer(name, number),
        type,
      })),
  }))
  return [...stated, ...more]
}

/** `k8s.io.api.core.v1` as Go imports it. */
function importPath(name: string): string {
  return `k8s.io/${name.slice('k8s.io.'.length).replaceAll('.', '/').replaceAll('_', '-')}`
}

function packageOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'))
}

function shortOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** The text that `parseMessages` reads. */
function print(messages: Message[]): string {
  const packages = [...new Set(messages.map((message) => packageOf(message.name)))]
  const alias = new Map(packages.map((name, index) => [name, String(index)]))
  const lines = packages.map((name, index) => `@${index}=${name}`)
  for (const name of packages) {
    lines.push(`#${alias.get(name)}`)
    for (const message of messages.filter((each) => packageOf(each.name) === name)) {
      const fields = message.fields.map((field) => {
        const home = packageOf(field.type)
        const type =
          SCALARS[field.type] ??
          (home === name ? shortOf(field.type) : `${alias.get(home)}:${shortOf(field.type)}`)
        const marks = `${field.repeated ? '*' : ''}${field.map ? '%' : ''}${field.inline ? '+' : ''}${field.pointer ? '?' : ''}`
        return `${field.number} ${field.name} ${marks}${type}`
      })
      lines.push(`${shortOf(message.name)}|${fields.join('|')}`)
    }
  }
  return lines.join('\n')
}

const [source, modules] = process.argv.slice(2)
const messages =
  source === undefined || modules === undefined
    ? parseMessages((await import('../src/kubernetes/builtin/generated/messages.ts')).messageText)
    : await fromFacts(source, modules)
const text = `// Written by generate/main.ts. The fields of the built-in API types: see builtin/messages.ts for the form.
export const messageText = \`${print(messages).replaceAll('$', '\\$')}\`
`
await writeFile(TARGET, text)
console.log(`${messages.length} messages, ${text.length} bytes`)
