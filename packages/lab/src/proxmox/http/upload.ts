import { randomBytes } from 'node:crypto'
import type { Upload } from '../handler.ts'
import type { Exchange } from './connection.ts'
import type { RawParams } from './form.ts'
import { MultipartError, MultipartReader } from './multipart.ts'
import { Refusal } from './refusal.ts'

/**
 * Reads the body of an upload, however long.
 * @returns undefined when there is nobody to answer: no multipart body with a boundary and a length makes the original hang.
 * @throws Refusal for a body that is not what the upload wants.
 */
export async function readUpload(
  exchange: Exchange,
): Promise<{ params: RawParams; upload: Upload } | undefined> {
  const { headers } = exchange.head
  const boundary = /^multipart\/form-data;\s*boundary=(\S+)$/.exec(headers['content-type'] ?? '')?.[1]
  let left = Number(headers['content-length'] ?? Number.NaN)
  if (boundary === undefined || !Number.isFinite(left)) {
    exchange.silence()
    return undefined
  }
  try {
    const reader = new MultipartReader(boundary)
    while (left > 0) {
      const chunk = await exchange.readSome(left)
      if (chunk === undefined) return undefined
      left -= chunk.length
      reader.push(chunk)
    }
    const { params, data } = reader.end()
    const temporaryPath = `/var/tmp/pveupload-${randomBytes(16).toString('hex')}`
    return { params, upload: { filename: String(params['filename']), data, temporaryPath } }
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error
    if (error.message === '') throw new Refusal(400, 'Bad Request', '')
    throw new Refusal(500, error.message, `${error.message}\n`)
  }
}
