import { constants, createDeflate, createInflate } from 'node:zlib'
import type { Deflate, Inflate } from 'node:zlib'

/** Names and values that SPDY/3 takes for known when it packs headers, each with its length before it; then texts without. */
const KNOWN = [
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization',
  'cache-control connection content-base content-encoding content-language content-length content-location content-md5',
  'content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range',
  'if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer',
  'retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status',
  '200_OK version HTTP/1.1 url public set-cookie keep-alive origin',
]
  .join(' ')
  .split(' ')
  .map((word) => word.replace('_', ' '))
const REST =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information' +
  '204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error' +
  '501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, ' +
  'Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

/** The dictionary of SPDY/3 (draft-mbelshe-httpbis-spdy-00, 2.6.10.1). */
const DICTIONARY = Buffer.concat([...KNOWN.map((word) => measured(word)), Buffer.from(REST)])

/** A number, and a text of that many bytes. */
function measured(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([number(bytes.length), bytes])
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Packs and unpacks the headers of one connection: each block goes on where the one before ended. */
export class HeaderBlocks {
  readonly #inflate: Inflate = createInflate({ dictionary: DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH })
  readonly #deflate: Deflate = createDeflate({ dictionary: DICTIONARY })

  constructor() {
    // Whoever reads a block hears of it.
    this.#inflate.on('error', () => {})
  }

  /** The headers in a block, names in lower case. Blocks must be read in the order in which they came. Rejects for what is none. */
  async read(block: Buffer): Promise<Map<string, string>> {
    await new Promise<void>((resolve, reject) => {
      // What is no block is told as an event alone.
      this.#inflate.once('error', reject)
      this.#inflate.write(block, () => {
        this.#inflate.off('error', reject)
        resolve()
      })
    })
    const bytes = (this.#inflate.read() as Buffer | null) ?? Buffer.alloc(0)
    const headers = new Map<string, string>()
    let at = 4
    const text = (): string => {
      const length = bytes.readUInt32BE(at)
      at += 4 + length
      return bytes.subarray(at - length, at).toString()
    }
    for (let left = bytes.readUInt32BE(0); left > 0; left--) {
      const name = text()
      headers.set(name, text())
    }
    return headers
  }

  /** A block without headers. */
  async empty(): Promise<Buffer> {
    this.#deflate.write(number(0))
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    return (this.#deflate.read() as Buffer | null) ?? Buffer.alloc(0)
  }

  /** Frees what packing took. */
  close(): void {
    this.#inflate.destroy()
    this.#deflate.destroy()
  }
}
