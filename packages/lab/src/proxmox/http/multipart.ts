import type { RawParams } from './form.ts'

/** What a multipart body was read to. */
export interface MultipartBody {
  /** Text fields, and `filename` as the client wrote it. */
  readonly params: RawParams
  readonly data: Uint8Array
}

/** Text fields that may stand before the file. */
const FIELDS = new Set(['content', 'checksum', 'checksum-algorithm'])
/** Longest run of bytes before the file. */
const LONGEST_PREAMBLE = 64 * 1024

const PLACE = 'at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line'

/** A body that is not what the upload wants: what the original answers, bare. An empty text is an empty `400 Bad Request`. */
export class MultipartError extends Error {}

/**
 * Takes a multipart body apart while it comes in, as the original does: text fields first, the file last and up to the closing
 * boundary at the very end, whatever else looks like one inside.
 */
export class MultipartReader {
  readonly #boundary: string
  readonly #params: RawParams = {}
  #preamble: Buffer = Buffer.alloc(0)
  #file: Buffer[] | undefined

  constructor(boundary: string) {
    this.#boundary = boundary
  }

  /** Takes more bytes. Throws MultipartError for a field that may not be there. */
  push(chunk: Buffer): void {
    if (this.#file) {
      this.#file.push(Buffer.from(chunk))
      return
    }
    this.#preamble = Buffer.concat([this.#preamble, chunk])
    while (this.#file === undefined && this.#readPart());
    if (this.#preamble.length > LONGEST_PREAMBLE) throw new MultipartError(`upload failed ${PLACE} 1370.`)
  }

  /** Ends the body. Throws MultipartError when there was no file, or the closing boundary is missing. */
  end(): MultipartBody {
    const bytes = Buffer.concat(this.#file ?? [])
    const closing = `\r\n--${this.#boundary}--`
    const at = bytes.lastIndexOf(closing, undefined, 'latin1')
    const after = at < 0 ? '' : bytes.toString('latin1', at + closing.length)
    if (this.#file === undefined || at < 0 || !/^\s*$/.test(after))
      throw new MultipartError(`upload failed ${PLACE} 1370.`)
    return { params: this.#params, data: bytes.subarray(0, at) }
  }

  /** Reads one part's header, and its value if it is text; false when more bytes are needed. */
  #readPart(): boolean {
    const text = this.#preamble.toString('latin1')
    const start = `--${this.#boundary}\r\n`
    if (!text.startsWith(start)) return false
    const headEnd = text.indexOf('\r\n\r\n')
    if (headEnd < 0) return false
    const head = text.slice(start.length, headEnd)
    const [, name = '', filename] =
      /^content-disposition:\s*form-data;\s*name="([^"]*)"(?:;\s*filename="([^"]*)")?/i.exec(head) ?? []
    if (filename !== undefined) {
      if (name !== 'filename')
        throw new MultipartError(
          `wrong field name '${name}' for file upload, expected 'filename' ${PLACE} 1284.`,
        )
      this.#params['filename'] = Buffer.from(filename, 'latin1').toString('utf8')
      this.#file = [this.#preamble.subarray(headEnd + 4)]
      // The closing boundary of an empty file begins with the header's own line end.
      if (this.#file[0]?.length === 0) this.#file = []
      this.#preamble = Buffer.alloc(0)
      return true
    }
    const next = text.indexOf(`\r\n--${this.#boundary}`, headEnd + 2)
    if (next < 0) return false
    if (!FIELDS.has(name)) throw new MultipartError('')
    this.#params[name] = Buffer.from(text.slice(headEnd + 4, next), 'latin1').toString('utf8')
    this.#preamble = this.#preamble.subarray(next + 2)
    return true
  }
}
