import { isMap, isScalar, LineCounter, parseAllDocuments, visit, YAMLParseError } from 'yaml'
import type { Document } from 'yaml'
import type { Json } from '../resources.ts'
import { isTooDeep } from './go-json.ts'

/** Brackets that may be open at once, in texts too. */
const MOST_OPEN = 2000
const TOO_DEEP = 'exceeded max depth of 10000'

/** A body in YAML, read. */
export interface YamlBody {
  value: Json
  /** What strict decoding minds: `line 5: key "a" already set in map`. */
  repeated: string[]
}

/**
 * Reads YAML as the API server does: version 1.1, where `y` and `on` are booleans; of several documents the first. Throws the
 * parser's error.
 */
export function parseYaml(text: string): YamlBody {
  // The parser takes its time for brackets that nobody closes.
  if (openBrackets(text) > MOST_OPEN) throw new RangeError(TOO_DEEP)
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    version: '1.1',
    merge: true,
    uniqueKeys: false,
    lineCounter: lines,
  })
  const document: Document | undefined = Array.isArray(documents) ? documents[0] : undefined
  if (document === undefined) return { value: null, repeated: [] }
  const [error] = document.errors
  if (error !== undefined) throw error
  const value = document.toJS() as Json
  if (isTooDeep(value)) throw new RangeError(TOO_DEEP)
  return { value, repeated: repeatedKeys(document, lines) }
}

function openBrackets(text: string): number {
  let open = 0
  let most = 0
  for (const letter of text)
    if (letter === '[' || letter === '{') most = Math.max(most, ++open)
    else if (letter === ']' || letter === '}') open--
  return most
}

function repeatedKeys(document: Document, lines: LineCounter): string[] {
  const found: string[] = []
  visit(document, {
    Map(_key, node) {
      if (!isMap(node)) return
      const seen = new Set<string>()
      for (const { key } of node.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (seen.has(name) && key.range !== undefined && key.range !== null)
          found.push(
            `line ${lines.linePos(key.range[0]).line}: key ${JSON.stringify(name)} already set in map`,
          )
        seen.add(name)
      }
    },
  })
  return found
}

/** What the API server's YAML reader would say: near enough for the common cases. */
export function yamlProblem(error: unknown): string {
  // The parser goes as deep as the stack allows.
  if (error instanceof Error && /call stack/.test(error.message)) return TOO_DEEP
  if (!(error instanceof YAMLParseError))
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') return 'mapping values are not allowed in this context'
  const line = error.linePos?.[0].line ?? 1
  if (error.code === 'BAD_INDENT' || error.code === 'MISSING_CHAR')
    return `line ${line}: did not find expected node content`
  return `line ${line}: ${error.message.split('\n')[0] ?? ''}`
}
