import type { Socket } from 'node:net'
import { alarmIn } from '../alarm.ts'
import { ClosedError, Connection, type Outgoing } from './connection.ts'

/**
 * Connects, and calls with the socket or with why there is none. @returns what gives it up, after which nobody is called
 */
export type Connect = (done: (error: unknown, socket?: Socket) => void) => () => void

/** Proxmox closes idle connections after 5 s; a request on a connection that is being closed is lost. */
const KEEP_ALIVE_MS = 4000

/** Kept-alive connections to one address, so many at most; what finds none waits for one. */
export class Pool {
  readonly #connect: Connect
  readonly #limit: number
  readonly #open = new Set<Connection>()
  readonly #connecting = new Set<() => void>()
  /** The one that was used last is used first. */
  readonly #idle: Connection[] = []
  readonly #waiting = new Set<Outgoing>()
  #isSweeping = false
  #isClosed = false

  constructor(connect: Connect, limit: number) {
    this.#connect = connect
    this.#limit = limit
  }

  /** Sends a request as soon as there is a connection for it. Its own `failed` hears what goes wrong. */
  dispatch(request: Outgoing): void {
    if (this.#isClosed) return request.failed(new ClosedError('the client is closed'))
    const connection = this.#takeIdle()
    if (connection) return connection.send(request)
    this.#waiting.add(request)
    this.#serve()
  }

  /** Ends a request that was dispatched, wherever it is; nothing if it has ended. */
  cancel(request: Outgoing, reason: unknown): void {
    if (this.#waiting.delete(request)) return request.failed(reason)
    for (const connection of this.#open) if (connection.carries(request)) return connection.destroy(reason)
  }

  /** Closes all connections; what is under way or waits fails. */
  destroy(): void {
    this.#isClosed = true
    const error = new ClosedError('the client was closed')
    for (const giveUp of this.#connecting) giveUp()
    this.#connecting.clear()
    this.#failAll(error)
    for (const connection of this.#open) connection.destroy(error)
  }

  /** A connection says that it can be used again. */
  freed(connection: Connection): void {
    connection.expiresAt = performance.now() + KEEP_ALIVE_MS
    this.#idle.push(connection)
    if (this.#waiting.size > 0) this.#serve()
    if (!this.#isSweeping) this.#sweepIn(KEEP_ALIVE_MS)
  }

  /** A connection says that it is closed, or somebody else's. */
  gone(connection: Connection): void {
    this.#open.delete(connection)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#serve()
  }

  #serve(): void {
    for (const request of this.#waiting) {
      const connection = this.#takeIdle()
      if (!connection) break
      this.#waiting.delete(request)
      connection.send(request)
    }
    while (
      this.#connecting.size < this.#waiting.size &&
      this.#connecting.size + this.#open.size < this.#limit &&
      !this.#isClosed
    )
      this.#begin()
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (!connection || connection.expiresAt > performance.now()) return connection
      connection.destroy()
    }
  }

  #begin(): void {
    const giveUp = this.#connect((error, socket) => {
      this.#connecting.delete(giveUp)
      if (socket) {
        const connection = new Connection(socket, this)
        this.#open.add(connection)
        return this.freed(connection)
      }
      const [first] = this.#waiting
      // While others are there or on their way, only one waits in vain.
      if (this.#open.size + this.#connecting.size === 0) return this.#failAll(error)
      if (first) {
        this.#waiting.delete(first)
        first.failed(error)
      }
    })
    this.#connecting.add(giveUp)
  }

  #failAll(error: unknown): void {
    const all = [...this.#waiting]
    this.#waiting.clear()
    for (const request of all) request.failed(error)
  }

  /** Closes what has been idle for long. One timer for all, which is not moved with each request. */
  #sweepIn(ms: number): void {
    this.#isSweeping = true
    alarmIn(ms, () => {
      this.#isSweeping = false
      const now = performance.now()
      for (const connection of this.#idle.filter(({ expiresAt }) => expiresAt <= now)) connection.destroy()
      const [oldest] = this.#idle
      if (oldest) this.#sweepIn(Math.max(1, Math.min(...this.#idle.map(({ expiresAt }) => expiresAt)) - now))
    })
  }
}
