import type { Exchange } from './http/connection.ts'
import { decodeForm, type RawParams } from './http/form.ts'
import { decodeJsonBody } from './http/json-body.ts'
import { Refusal } from './http/refusal.ts'
import type { Upload } from './handler.ts'

/** Longest body of a call that is no upload, bytes. */
const LONGEST = 512 * 1024

/** What a request's body says. */
export interface Body {
  readonly params: RawParams
  readonly upload?: Upload
}

/**
 * Reads the body of a call.
 * @param relayed the call runs in the original's other process: a key without `=` gets there as empty text.
 * @returns undefined when the client went away.
 * @throws Refusal for a length, a type or a text that cannot be a call's.
 */
export async function readParams(exchange: Exchange, relayed: boolean): Promise<Body | undefined> {
  const { method, headers } = exchange.head
  const type = headers['content-type']
  const length = Number(headers['content-length'] ?? 0)
  const isJson = type !== undefined && /^application\/json(?:;|$|\s)/.test(type)
  if (length > 0 && method !== 'POST' && method !== 'PUT')
    throw new Refusal(501, `Unexpected content for method '${method}'`)
  if (
    length > 0 &&
    type !== undefined &&
    !isJson &&
    !/^application\/x-www-form-urlencoded(?:;|$|\s)/.test(type)
  )
    throw new Refusal(506, `upload 'Content-Type '${type}' not implemented`)
  if (length > LONGEST) throw new Refusal(501, 'for data too large')
  const bytes = length > 0 ? await exchange.readBody(length) : Buffer.alloc(0)
  if (bytes === undefined) return undefined
  const text = bytes.toString('utf8')
  if (!isJson || method === 'GET' || method === 'DELETE')
    return { params: decodeForm(text, relayed ? '' : undefined) }
  try {
    return { params: decodeJsonBody(text) }
  } catch (error) {
    const reason = (error as Error).message
    throw new Refusal(500, reason, `${reason}\n`)
  }
}
