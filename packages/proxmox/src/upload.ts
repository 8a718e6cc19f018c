import { randomBytes } from 'node:crypto'

/** A file for a storage. */
export interface UploadOptions {
  readonly node: string
  readonly storage: string
  /** What it is; Proxmox takes no snippets and no disks this way. */
  readonly content: 'iso' | 'vztmpl' | 'import'
  readonly filename: string
  /** The bytes, or a stream of them together with their count. */
  readonly data: Uint8Array | { readonly stream: AsyncIterable<Uint8Array>; readonly size: number }
  /** Proxmox checks it before the file is put in place. */
  readonly checksum?: {
    readonly algorithm: 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'
    readonly value: string
  }
  /** Called with the bytes sent so far and all that will be. */
  readonly onProgress?: (sent: number, total: number) => void
  readonly signal?: AbortSignal | undefined
  /** @default 600000 */
  readonly timeoutMs?: number
}

const CHUNK = 256 * 1024

/**
 * Sends a multipart form exactly as pveproxy reads it: known text fields before the file, a boundary without quotes, the file's field
 * named `filename`, and a Content-Length (it takes no chunked bodies).
 */
export async function upload(
  options: UploadOptions,
  send: (path: string, headers: Record<string, string>, body: AsyncIterable<Uint8Array>) => Promise<string>,
): Promise<string> {
  const { node, storage, content, filename, data, checksum, onProgress } = options
  if (!/^[\w.+-]+$/.test(filename))
    throw new TypeError(`filename: "${filename}" has characters that Proxmox refuses`)
  const boundary = `fochista${randomBytes(16).toString('hex')}`
  const field = (name: string, value: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const head = Buffer.from(
    field('content', content) +
      (checksum ? field('checksum-algorithm', checksum.algorithm) + field('checksum', checksum.value) : '') +
      `--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  )
  const foot = Buffer.from(`\r\n--${boundary}--\r\n`)
  const size = data instanceof Uint8Array ? data.length : data.size
  const parts = data instanceof Uint8Array ? slices(data) : data.stream
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield head
    let sent = 0
    for await (const part of parts) {
      yield part
      sent += part.length
      onProgress?.(sent, size)
    }
    if (sent !== size)
      throw new RangeError(`the stream had ${sent} bytes, not the ${size} that were announced`)
    yield foot
  }
  const path = `/nodes/${encodeURIComponent(node)}/storage/${encodeURIComponent(storage)}/upload`
  return send(
    path,
    {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + size + foot.length),
    },
    body(),
  )
}

async function* slices(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += CHUNK) yield data.subarray(at, at + CHUNK)
}
