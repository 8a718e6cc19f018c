import { createCipheriv, randomBytes } from 'node:crypto'

/** Who lets a client in. */
interface LoginOptions {
  /** Its first eight bytes let a client in. */
  readonly password: string
  readonly send: (bytes: Buffer) => void
  /** Hangs up. */
  readonly close: () => void
  /** The client is in; this is what it has said beyond that. */
  readonly entered: (rest: Buffer) => void
}

/** The greeting of RFB 3.8 with VNC authentication (RFC 6143, 7.1 and 7.2.2), and of the versions before it. */
export class RfbLogin {
  readonly #options: LoginOptions
  readonly #challenge = randomBytes(16)
  #waiting: Buffer = Buffer.alloc(0)
  #isOver = false
  /** Takes the next message; false while it is not whole. */
  #step: () => boolean = () => this.#version()

  constructor(options: LoginOptions) {
    this.#options = options
    this.#send('RFB 003.008\n')
  }

  /** Bytes of the client, until it is in. */
  data(bytes: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    while (!this.#isOver && this.#step()) continue
  }

  #send(...parts: (Buffer | string)[]): void {
    this.#options.send(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
    )
  }

  /** Takes bytes off the client's; undefined while they are not there. */
  #take(length: number): Buffer | undefined {
    if (this.#waiting.length < length) return undefined
    const bytes = this.#waiting.subarray(0, length)
    this.#waiting = this.#waiting.subarray(length)
    return bytes
  }

  #version(): boolean {
    const version = this.#take(12)?.toString('latin1')
    if (version === undefined) return false
    const isLatest = version >= 'RFB 003.008\n'
    if (!/^RFB 003\.0\d\d\n$/.test(version)) this.#end()
    // Older versions are told the kind of authentication instead of choosing it.
    else if (version < 'RFB 003.007\n') {
      this.#send(uint32(VNC), this.#challenge)
      this.#step = () => this.#response(isLatest)
    } else {
      this.#send(Buffer.from([1, VNC]))
      this.#step = () => this.#security(isLatest)
    }
    return true
  }

  #security(isLatest: boolean): boolean {
    const chosen = this.#take(1)
    if (!chosen) return false
    if (chosen[0] === VNC) {
      this.#send(this.#challenge)
      this.#step = () => this.#response(isLatest)
    } else this.#refuse('Unsupported security type', isLatest)
    return true
  }

  #response(isLatest: boolean): boolean {
    const response = this.#take(16)
    if (!response) return false
    if (!response.equals(encrypt(this.#challenge, this.#options.password))) {
      this.#refuse('Authentication failed', isLatest)
      return true
    }
    this.#isOver = true
    this.#send(uint32(0))
    this.#options.entered(this.#waiting)
    return true
  }

  #refuse(reason: string, isLatest: boolean): void {
    this.#send(uint32(1), ...(isLatest ? [uint32(reason.length), reason] : []))
    this.#end()
  }

  #end(): void {
    this.#isOver = true
    this.#options.close()
  }
}

/** Number of VNC authentication. */
const VNC = 2

/** DES of a challenge, each byte of the password with its bits turned round, as VNC has it. Three equal keys make 3DES what DES is. */
function encrypt(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  key.write(password.slice(0, 8), 'latin1')
  for (const [index, byte] of key.entries())
    key[index] = Number.parseInt(byte.toString(2).padStart(8, '0').split('').toReversed().join(''), 2)
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null)
  return cipher.setAutoPadding(false).update(challenge)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
