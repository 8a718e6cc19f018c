/**
 * Writes `src/kubernetes/builtin/generated/messages.ts`: the fields of the built-in API types, in a compact form of our own.
 *
 * `node generate/main.ts <protobuf-fields.json>` reads the facts from that file: message name -> list of [field number, JSON
 * name, opt|rep|map, type, "inline"?]. Without an argument the committed file is read and written again, which changes nothing.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { parseMessages } from '../src/kubernetes/builtin/messages.ts'
import type { Message } from '../src/kubernetes/builtin/messages.ts'

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

async function fromFacts(path: string): Promise<Message[]> {
  const facts = JSON.parse(await readFile(path, 'utf8')) as Record<string, SourceField[]>
  return Object.entries(facts).map(([name, fields]) => ({
    name,
    fields: fields
      // A type of another API level that is not among the facts is left out.
      .filter(([, , , type]) => type in SCALARS || type in facts)
      .map(([number, field, rule, type, inline]) => ({
        number,
        name: field,
        repeated: rule === 'rep',
        map: rule === 'map',
        inline: inline === 'inline',
        type,
      })),
  }))
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
        const marks = `${field.repeated ? '*' : ''}${field.map ? '%' : ''}${field.inline ? '+' : ''}`
        return `${field.number} ${field.name} ${marks}${type}`
      })
      lines.push(`${shortOf(message.name)}|${fields.join('|')}`)
    }
  }
  return lines.join('\n')
}

const [source] = process.argv.slice(2)
const messages =
  source === undefined
    ? parseMessages((await import('../src/kubernetes/builtin/generated/messages.ts')).messageText)
    : await fromFacts(source)
const text = `// Written by generate/main.ts. The fields of the built-in API types: see builtin/messages.ts for the form.
export const messageText = \`${print(messages).replaceAll('$', '\\$')}\`
`
await writeFile(TARGET, text)
console.log(`${messages.length} messages, ${text.length} bytes`)
