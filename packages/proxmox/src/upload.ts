import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { fillPath } from './encode.ts'

/** The bytes themselves, the path of a file, or a stream of bytes together with their count. */
export type UploadData =
  | Uint8Array
  | { readonly file: string }
  | { readonly stream: AsyncIterable<Uint8Array>; readonly size: number }

/** A file for a storage. */
export interface UploadOptions {
  readonly node: string
  readonly storage: string
  /** What it is; Proxmox takes no snippets and no disks this way. */
  readonly content: 'iso' | 'vztmpl' | 'import'
  /** Its name there: letters, digits, `_`, `.` and `-`, at most 255 of them. */
  readonly filename: string
  readonly data: UploadData
  /** Proxmox checks it before the file is put in place. Without `value` it is computed here, which a stream does not allow. */
  readonly checksum?: {
    readonly algorithm: 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'
    readonly value?: string
  }
  /** Called with the bytes sent so far and all that will be. */
  readonly onProgress?: (sent: number, total: number) => void
  readonly signal?: AbortSignal | undefined
  /** Milliseconds. @default 600000 */
  readonly timeoutMs?: number
}

/** A form that is ready to be sent. */
export interface PreparedUpload {
  /** Path below /api2/json. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Begins the body. */
  readonly open: () => AsyncIterable<Uint8Array>
  /** Whether `open` can be called again after it was read. */
  readonly isReplayable: boolean
}

const CHUNK = 256 * 1024

/**
 * Prepares a multipart form exactly as pveproxy reads it: known text fields before the file, a boundary without quotes, the file's field
 * named `filename`, and a Content-Length (it takes no chunked bodies). Throws a TypeError for a name that Proxmox would change, for a size
 * that is no count of bytes, and what reading the file throws.
 */
export async function prepareUpload(options: UploadOptions): Promise<PreparedUpload> {
  const { node, storage, content, filename, data, onProgress } = options
  if (!/^[\w.-]{1,255}$/.test(filename))
    throw new TypeError(`filename: "${filename}" has characters that Proxmox replaces, or more than 255`)
  const boundary = `fochista${randomBytes(16).toString('hex')}`
  const field = (name: string, value: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const checksum = await checksumOf(options)
  const head = Buffer.from(
    field('content', content) +
      (checksum ? field('checksum-algorithm', checksum.algorithm) + field('checksum', checksum.value) : '') +
      `--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  )
  const foot = Buffer.from(`\r\n--${boundary}--\r\n`)
  const size = await sizeOf(data)
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`data.size: ${size} is no count of bytes`)
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield head
    let sent = 0
    for await (const part of read(data)) {
      sent += part.length
      // More than was announced would be read as the next request.
      if (sent > size) break
      yield part
      onProgress?.(sent, size)
    }
    if (sent !== size)
      throw new RangeError(
        `the data had ${sent > size ? 'more than' : 'only'} ${Math.min(sent, size)} bytes, not the ${size} that were announced`,
      )
    yield foot
  }
  return {
    path: fillPath('/nodes/{node}/storage/{storage}/upload', { node, storage }),
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + size + foot.length),
    },
    open,
    isReplayable: !('stream' in data),
  }
}

async function checksumOf({
  checksum,
  data,
}: UploadOptions): Promise<{ algorithm: string; value: string } | undefined> {
  if (!checksum) return undefined
  const { algorithm, value } = checksum
  if (value !== undefined) return { algorithm, value }
  if ('stream' in data)
    throw new TypeError('checksum: of a stream it must be given, since it is sent before the data')
  const hash = createHash(algorithm)
  for await (const part of read(data)) hash.update(part)
  return { algorithm, value: hash.digest('hex') }
}

async function sizeOf(data: UploadData): Promise<number> {
  if (data instanceof Uint8Array) return data.length
  return 'file' in data ? (await stat(data.file)).size : data.size
}

function read(data: UploadData): AsyncIterable<Uint8Array> {
  if (data instanceof Uint8Array) return slices(data)
  if ('file' in data)
    return createReadStream(data.file, { highWaterMark: CHUNK }) as AsyncIterable<Uint8Array>
  return data.stream
}

async function* slices(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += CHUNK) yield data.subarray(at, at + CHUNK)
}
