import type { IncomingMessage } from 'node:http'
import { StatusError } from '../errors.ts'
import type { Json } from '../resources.ts'
import { keysOf } from './duplicates.ts'
import type { Key } from './duplicates.ts'
import { goJsonError, parseJson } from './go-json.ts'
import { parseYaml, yamlProblem } from './yaml-body.ts'

/** Most bytes of a request's body. */
const BODY_LIMIT = 3 * 1024 * 1024
/** Of a body that is too large so much is read and thrown away, so that its sender hears why. */
const THROWN_AWAY = 16 * 1024 * 1024

/** Reads a request's body. Throws RequestEntityTooLarge beyond 3 MiB. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= BODY_LIMIT) {
        chunks.push(chunk)
        return
      }
      chunks.length = 0
      const why = `Request entity too large: limit is ${BODY_LIMIT}`
      reject(new StatusError(413, 'RequestEntityTooLarge', why))
      if (size > THROWN_AWAY) request.destroy()
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => reject(new Error('the client went before its request was whole')))
  })
}

/** Bare media type of a Content-Type header. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** A body, read. */
export interface ParsedBody {
  value: Json
  /** The members of a JSON body in its order; none for other formats. */
  keys: Key[]
  /** What strict decoding minds in a YAML body: `line 5: key "a" already set in map`. */
  repeated: string[]
}

/** 415 of a body in a format that is not read. */
function unsupportedBody(): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  )
}

/** A custom object in protobuf, which no custom kind has. Servers since 1.36 break down over it: the client gets no answer. */
export class PackedCustomObject extends StatusError {
  override name = 'PackedCustomObject'
  constructor() {
    const { code, reason, message } = unsupportedBody()
    super(code, reason, message)
  }
}

/** Reads a body in JSON or YAML; `refuse` makes the error of what is none. Throws UnsupportedMediaType for other types. */
export function parseBody(
  data: Buffer,
  contentType: string,
  refuse: (why: string) => StatusError,
): ParsedBody {
  const type = mediaType(contentType)
  const text = data.toString('utf8')
  if (type === 'application/yaml') {
    try {
      return { keys: [], ...parseYaml(text) }
    } catch (error) {
      throw refuse(`yaml: ${yamlProblem(error)}`)
    }
  }
  if (type !== '' && type !== 'application/json') throw unsupportedBody()
  const value = parseJson(text)
  if (value === undefined) throw refuse(`couldn't get version/kind; json parse error: ${goJsonError(text)}`)
  return { value, keys: keysOf(text), repeated: [] }
}
