import type { Socket } from 'node:net'
import { AnswerReader } from './answer.ts'

/** A request that is to be sent, and who hears of its end: of exactly one of these, once. */
export interface Outgoing {
  /** Request line and headers, with the empty line. */
  readonly head: string
  /** Text, or bytes of which there must be as many as the headers say. */
  readonly body: string | AsyncIterable<Uint8Array> | undefined
  /** Bytes of an answer's body that are read. */
  readonly maxBytes: number
  /** Takes the body of a success as it comes. What it throws fails the request. */
  readonly onBody?: ((bytes: Buffer) => void) | undefined
  /** The answer, whole. */
  answered(answer: AnswerReader): void
  /** The answer's head is a 101, and the connection speaks another protocol from here on. What asked for none has no such end. */
  upgraded?(answer: AnswerReader, socket: Socket): void
  failed(error: unknown): void
}

/** Who has connections. */
export interface ConnectionOwner {
  /** It can be used again. */
  freed(connection: Connection): void
  /** It is closed, or somebody else's. */
  gone(connection: Connection): void
}

/** A connection ended that was wanted. As the failures of sockets it has a code. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'
  readonly code = 'ECONNRESET'
}

/** One connection, over which one request is sent at a time. While it has none it does not keep the process alive. */
export class Connection {
  /** When it must not be used any more, by `performance.now()`; set by its owner. */
  expiresAt = 0
  #current: Outgoing | undefined
  #reader: AnswerReader | undefined
  /** Whether the body of the request is on its way. */
  #isSending = false
  #error: unknown
  readonly #socket: Socket
  readonly #owner: ConnectionOwner

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket
    this.#owner = owner
    socket.on('data', this.#take).on('end', this.#end).on('error', this.#broken).on('close', this.#close)
    socket.unref()
  }

  /** Whether it is this request's. */
  carries(request: Outgoing): boolean {
    return this.#current === request
  }

  /** Sends a request; it must have none. */
  send(request: Outgoing): void {
    const { head, body } = request
    this.#current = request
    this.#reader = new AnswerReader(request.maxBytes, request.onBody)
    this.#socket.ref()
    if (body === undefined) this.#socket.write(head, 'latin1')
    else if (typeof body === 'string') this.#socket.write(head + body, 'utf8')
    else void this.#stream(request, head, body)
  }

  /** Closes it. What it carries fails. */
  destroy(error: unknown = new ClosedError('the connection was closed')): void {
    this.#error ??= error
    this.#socket.destroy()
    this.#fail()
    this.#owner.gone(this)
  }

  async #stream(request: Outgoing, head: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    this.#isSending = true
    this.#socket.write(head, 'latin1')
    try {
      for await (const bytes of body) {
        // An answer may come before all is sent: a refusal.
        if (this.#current !== request) return
        if (!this.#socket.write(bytes)) await this.#drained()
        if (this.#current !== request) return
      }
      this.#isSending = false
    } catch (error) {
      if (this.#current === request) this.destroy(error)
    }
  }

  async #drained(): Promise<void> {
    if (this.#socket.destroyed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#socket.once('drain', resolve).once('close', resolve)
    await promise
    this.#socket.off('drain', resolve).off('close', resolve)
  }

  readonly #take = (bytes: Buffer): void => {
    const [request, reader] = [this.#current, this.#reader]
    // Nobody asked.
    if (!request || !reader) return this.destroy()
    let rest: Buffer | undefined
    try {
      rest = reader.push(bytes)
    } catch (error) {
      return this.destroy(error)
    }
    if (rest === undefined) return
    if (reader.status === 101) return this.#handOver(request, reader, rest)
    this.#current = undefined
    this.#reader = undefined
    if (reader.keepsAlive && rest.length === 0 && !this.#isSending) {
      this.#socket.unref()
      this.#owner.freed(this)
    } else this.destroy()
    request.answered(reader)
  }

  #handOver(request: Outgoing, reader: AnswerReader, rest: Buffer): void {
    if (!request.upgraded) return this.destroy(new ClosedError('the other side changed to another protocol'))
    const socket = this.#socket
    socket.off('data', this.#take).off('end', this.#end).off('error', this.#broken).off('close', this.#close)
    // As a socket that nobody has read: it flows when somebody listens. One that was paused would not.
    const nobody = (): void => {}
    socket.on('readable', nobody).off('readable', nobody)
    if (rest.length > 0) socket.unshift(rest)
    this.#current = undefined
    this.#owner.gone(this)
    request.upgraded(reader, socket)
  }

  readonly #end = (): void => {
    const [request, reader] = [this.#current, this.#reader]
    if (request && reader?.end()) {
      this.#current = undefined
      this.destroy()
      request.answered(reader)
    } else this.destroy(new ClosedError('the other side closed the connection'))
  }

  /** What breaks TLS is told by an error alone: nothing closes the socket then. */
  readonly #broken = (error: Error): void => this.destroy(error)

  readonly #close = (): void => {
    this.#error ??= new ClosedError('the other side closed the connection')
    this.#fail()
    this.#owner.gone(this)
  }

  #fail(): void {
    const request = this.#current
    this.#current = undefined
    request?.failed(this.#error)
  }
}
