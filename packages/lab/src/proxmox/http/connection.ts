import type { Duplex } from 'node:stream'
import type { LabClock } from '../../clock.ts'
import { printAnswer, type HttpAnswer } from './answer.ts'
import { readHead, wantsClose, type BadHead, type RequestHead } from './request.ts'

/** Requests that one connection may carry. */
const REQUESTS = 100
/** Milliseconds without traffic after which a connection is closed: the wall clock's, as real clients count them. */
const IDLE = 5000
/** How long a closed connection's client may still send before it is cut off. */
const LINGER = 1000

/** One request and the means to answer it. Exactly one of `answer`, `silence` and `takeOver` is called. */
export interface Exchange {
  readonly head: RequestHead
  /** Reads `length` bytes of body; undefined when the client went away before. */
  readBody(length: number): Promise<Buffer | undefined>
  /** Reads the next bytes of a body, at most `limit`; undefined when the client went away. */
  readSome(limit: number): Promise<Buffer | undefined>
  answer(answer: HttpAnswer): void
  /** Never answers: the connection is closed after five seconds, as when the original fails inside; or not at all. */
  silence(forGood?: boolean): void
  /** Gives the connection away, with what the client had sent after the head. */
  takeOver(): { socket: Duplex; early: Buffer }
}

/** What a connection needs to know. */
export interface ConnectionOptions {
  readonly clock: LabClock
  /** Answers a request. */
  readonly answer: (exchange: Exchange) => Promise<void>
}

/** Serves a connection until it ends. */
export class Connection {
  readonly #socket: Duplex
  readonly #options: ConnectionOptions
  readonly #idle: NodeJS.Timeout
  #chunks: Buffer = Buffer.alloc(0)
  #wake: (() => void) | undefined
  #ended = false
  #busy = false
  #taken = false

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#idle = setTimeout(() => {
      if (!this.#busy) this.#socket.destroy()
    }, IDLE)
    this.#idle.unref()
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
    socket.on('error', this.#onEnd)
  }

  /** Answers requests one after the other. */
  async serve(): Promise<void> {
    for (let left = REQUESTS - 1; ; left--) {
      const head = await this.#nextHead()
      if (head === undefined) break
      this.#busy = true
      const goesOn = 'bad' in head ? await this.#refuse(head) : await this.#exchange(head, left)
      if (this.#taken) return
      this.#busy = false
      this.#idle.refresh()
      if (!goesOn) break
    }
    clearTimeout(this.#idle)
    this.#finish()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks = this.#chunks.length === 0 ? chunk : Buffer.concat([this.#chunks, chunk])
    this.#idle.refresh()
    // An upload is read at the pace of its reader.
    if (this.#busy && this.#chunks.length > 1 << 20) this.#socket.pause()
    this.#wakeUp()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #more(): Promise<void> {
    this.#socket.resume()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  async #nextHead(): Promise<RequestHead | BadHead | undefined> {
    let startedAt: number | undefined
    for (;;) {
      if (this.#chunks.length > 0) {
        startedAt ??= this.#options.clock.now()
        const read = readHead(this.#chunks, startedAt)
        if (read !== undefined && 'bad' in read) return read
        if (read !== undefined) {
          this.#chunks = this.#chunks.subarray(read.bodyAt)
          return read.head
        }
      }
      if (this.#ended) return undefined
      await this.#more()
    }
  }

  async #refuse(head: BadHead): Promise<false> {
    if (head.silent) await this.#options.clock.sleep(IDLE)
    else
      this.#socket.write(
        printAnswer(
          { status: head.status, reason: head.reason, headers: [], body: head.reason },
          { protocol: 'HTTP/1.0', close: true, now: this.#options.clock.now() },
        ),
      )
    return false
  }

  async #exchange(head: RequestHead, left: number): Promise<boolean> {
    let goesOn = false
    let silent: Promise<void> | undefined
    await this.#options.answer({
      head,
      readBody: async (length) => {
        while (this.#chunks.length < length) {
          if (this.#ended) return undefined
          await this.#more()
        }
        return this.#take(length)
      },
      readSome: async (limit) => {
        while (this.#chunks.length === 0) {
          if (this.#ended) return undefined
          await this.#more()
        }
        return this.#take(Math.min(limit, this.#chunks.length))
      },
      answer: (answer) => {
        const close = answer.close === true || answer.status >= 400 || left <= 0 || wantsClose(head)
        goesOn = !close && answer.thenClose !== true
        this.#socket.write(
          printAnswer(answer, { protocol: head.protocol, close, now: this.#options.clock.now() }),
        )
      },
      silence: (forGood = false) => {
        silent = new Promise((resolve) => this.#socket.once('close', () => resolve()))
        if (!forGood) this.#options.clock.setTimeout(() => this.#socket.destroy(), IDLE)
      },
      takeOver: () => {
        this.#taken = true
        clearTimeout(this.#idle)
        for (const event of ['data', 'end', 'close', 'error'] as const) this.#socket.removeAllListeners(event)
        this.#socket.pause()
        return { socket: this.#socket, early: this.#chunks }
      },
    })
    await silent
    return goesOn
  }

  #take(length: number): Buffer {
    const taken = this.#chunks.subarray(0, length)
    this.#chunks = this.#chunks.subarray(length)
    return taken
  }

  /** Ends politely: a client that still sends is listened to for a while, else it would lose the answer to a reset. */
  #finish(): void {
    if (this.#socket.destroyed) return
    this.#chunks = Buffer.alloc(0)
    this.#socket.off('data', this.#onData)
    this.#socket.resume()
    this.#socket.end()
    const cut = setTimeout(() => this.#socket.destroy(), LINGER)
    cut.unref()
    this.#socket.once('close', () => clearTimeout(cut))
  }
}
