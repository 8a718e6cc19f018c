import type { Clock, Context } from './context.ts'
import type { Io } from './io.ts'

/** Streams of a test: what a user would see stands in `stdout` and `stderr`. */
export interface TestIo extends Io {
  stdout: string
  stderr: string
  /** Types into the terminal, once somebody reads it. */
  type(text: string): Promise<void>
  /** Changes the window's size. */
  resize(columns: number, rows: number): void
}

/** Streams that remember. A painted word is shown as `<style:word>` where `painted` is set. */
export function testIo(
  options: {
    interactive?: boolean
    columns?: number
    rows?: number
    input?: string
    painted?: boolean
    answer?: boolean
    secret?: string
  } = {},
): TestIo {
  let size = { columns: 80, rows: 24 }
  let resized = (): void => {}
  let take: (bytes: Buffer) => Promise<void> = () => Promise.reject(new Error('nobody reads the terminal'))
  const io: TestIo = {
    stdout: '',
    stderr: '',
    out: (line = '') => void (io.stdout += `${line}\n`),
    note: (line = '') => void (io.stderr += `${line}\n`),
    raw: (text) => void (io.stdout += text),
    interactive: options.interactive ?? false,
    paint: (style, text) => (options.painted ? `<${style}:${text}>` : text),
    readInput: () => Promise.resolve(options.input ?? ''),
    ask: () => Promise.resolve(options.answer ?? false),
    askSecret: (question) => {
      io.note(question)
      return Promise.resolve(options.secret)
    },
    terminal: {
      isTyped: true,
      size: () => size,
      onResize: (call) => {
        resized = call
        return () => (resized = () => {})
      },
      read: (reader) => {
        take = reader
        return () => {}
      },
      write: (bytes) => {
        io.stdout += Buffer.from(bytes).toString()
        return Promise.resolve()
      },
    },
    type: (text) => take(Buffer.from(text)),
    resize: (columns, rows) => {
      size = { columns, rows }
      resized()
    },
    columns: options.columns ?? 120,
    rows: options.rows ?? 50,
  }
  return io
}

/** A clock that stands until it is moved; whoever asked to be called again and again is called on each second of the way. */
export interface TestClock extends Clock {
  move(ms: number): void
}

/** Makes a clock at a fixed moment. */
export function testClock(start = Date.parse('2026-01-01T00:00:00Z')): TestClock {
  let now = start
  const calls = new Set<() => void>()
  return {
    now: () => now,
    every: (_ms, call) => {
      calls.add(call)
      return () => void calls.delete(call)
    },
    move: (ms) => {
      now += ms
      for (const call of calls) call()
    },
  }
}

/** A context without back ends: whoever asks for one has failed the test. */
export function contextWithoutBackEnds(io: Io, over: Partial<Context> = {}): Context {
  const none = (): never => {
    throw new Error('this command asks no back end')
  }
  return {
    io,
    signal: new AbortController().signal,
    clock: testClock(),
    environment: () => Promise.resolve({}),
    kubernetes: none,
    namespace: () => Promise.resolve('default'),
    namespaceGiven: undefined,
    close: () => Promise.resolve(),
    ...over,
  }
}
