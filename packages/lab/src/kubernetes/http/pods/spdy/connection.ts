import { HeaderBlocks } from './headers.ts'

/** Types of control frames (draft-mbelshe-httpbis-spdy-00, 2.6). */
const SYN_STREAM = 1
const SYN_REPLY = 2
const RST_STREAM = 3
const PING = 6
const GOAWAY = 7
/** First byte of a control frame, and its version. */
const CONTROL = 0x80
const VERSION = 3
/** Flag of the last frame that somebody sends on a stream. */
const FIN = 1
/** Bytes of a frame's head, and most that are sent in one. */
const HEAD = 8
const PAYLOAD = 32 * 1024

/** Where the bytes of a connection go. */
export interface Wire {
  send(bytes: Buffer): void
  close(): void
}

/** One stream of a connection, as whoever serves it sees it. */
export interface SpdyStream {
  readonly headers: ReadonlyMap<string, string>
  /** Set by who serves it. */
  onData: (data: Buffer) => void
  /** Set by who serves it: the client sends no more. */
  onEnd: () => void
  /** Set by who serves it: the client gave it up, or is gone. */
  onReset: () => void
  send(data: Buffer): void
  /** Says that nothing more will be sent. */
  end(): void
}

/** The server's end of a connection in SPDY/3.1, as much of it as clients of Kubernetes speak: no flow control, no push. */
export class SpdyConnection {
  readonly #wire: Wire
  readonly #accept: (stream: SpdyStream) => void
  readonly #headers = new HeaderBlocks()
  readonly #streams = new Map<number, SpdyStream>()
  /** Streams on which the client sends no more, and on which nothing more is sent. */
  readonly #heardOut = new Set<number>()
  readonly #saidAll = new Set<number>()
  #waiting: Buffer = Buffer.alloc(0)
  /** Frames are dealt with one after the other: unpacking headers takes its time. */
  #queue: Promise<void> = Promise.resolve()
  #isOver = false

  /** @param accept called for each stream that the client opens. */
  constructor(wire: Wire, accept: (stream: SpdyStream) => void) {
    this.#wire = wire
    this.#accept = accept
  }

  /** Takes what came. What is no SPDY ends the connection. */
  receive(bytes: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes])
    while (this.#waiting.length >= HEAD) {
      const length = this.#waiting.readUIntBE(5, 3)
      if (this.#waiting.length < HEAD + length) return
      const frame = this.#waiting.subarray(0, HEAD + length)
      this.#waiting = this.#waiting.subarray(HEAD + length)
      this.#queue = this.#queue
        .then(() => (this.#isOver ? undefined : this.#deal(frame)))
        .catch(() => this.#wire.close())
    }
  }

  /** The connection is gone. */
  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const stream of this.#streams.values()) stream.onReset()
    this.#streams.clear()
    this.#headers.close()
  }

  async #deal(frame: Buffer): Promise<void> {
    const flags = frame[4] ?? 0
    const body = frame.subarray(HEAD)
    if (((frame[0] ?? 0) & CONTROL) === 0) {
      const id = frame.readUInt32BE(0)
      const stream = this.#streams.get(id)
      if (body.length > 0) stream?.onData(body)
      if ((flags & FIN) !== 0) this.#ended(id)
      return
    }
    if ((frame.readUInt16BE(0) & 0x7fff) !== VERSION) throw new RangeError('another version of SPDY')
    switch (frame.readUInt16BE(2)) {
      case SYN_STREAM:
        await this.#open(body.readUInt32BE(0) & 0x7fffffff, body.subarray(10), (flags & FIN) !== 0)
        return
      case RST_STREAM: {
        const id = body.readUInt32BE(0) & 0x7fffffff
        this.#streams.get(id)?.onReset()
        this.#heardOut.add(id)
        this.#saidAll.add(id)
        this.#forget(id)
        return
      }
      case PING:
        this.#wire.send(frame)
        return
      case GOAWAY:
        this.#wire.close()
        return
      default:
      // Settings and windows change nothing here.
    }
  }

  async #open(id: number, block: Buffer, isEnded: boolean): Promise<void> {
    const headers = await this.#headers.read(block)
    const reply = await this.#headers.empty()
    if (this.#isOver) return
    let isDone = false
    const frame = (data: Buffer, flags: number): void => {
      if (this.#isOver) return
      const head = Buffer.alloc(HEAD)
      head.writeUInt32BE(id, 0)
      head.writeUInt32BE((flags << 24) | data.length, 4)
      this.#wire.send(Buffer.concat([head, data]))
    }
    const stream: SpdyStream = {
      headers,
      onData: () => {},
      onEnd: () => {},
      onReset: () => {},
      send: (data) => {
        for (let at = 0; at < data.length && !isDone; at += PAYLOAD) frame(data.subarray(at, at + PAYLOAD), 0)
      },
      end: () => {
        if (isDone) return
        isDone = true
        frame(Buffer.alloc(0), FIN)
        this.#saidAll.add(id)
        this.#forget(id)
      },
    }
    this.#streams.set(id, stream)
    const head = Buffer.alloc(HEAD + 4)
    head.writeUInt16BE((CONTROL << 8) | VERSION, 0)
    head.writeUInt16BE(SYN_REPLY, 2)
    head.writeUInt32BE(4 + reply.length, 4)
    head.writeUInt32BE(id, HEAD)
    this.#wire.send(Buffer.concat([head, reply]))
    this.#accept(stream)
    if (isEnded) this.#ended(id)
  }

  /** The client sends no more on a stream. */
  #ended(id: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    this.#heardOut.add(id)
    stream.onEnd()
    this.#forget(id)
  }

  /** Forgets a stream on which nobody sends any more. */
  #forget(id: number): void {
    if (!this.#heardOut.has(id) || !this.#saidAll.has(id)) return
    this.#streams.delete(id)
    this.#heardOut.delete(id)
    this.#saidAll.delete(id)
  }
}
