import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'

/** Begins every journal; another format gets another number. */
const HEADER = 'fochista-lab-state 1'
/** A journal is written anew when it has grown by this much, and by what it held when it was written last. */
const SLACK = 32 * 1024 * 1024
/** How often what was written is forced to the disk, milliseconds. */
const SYNC_EVERY = 1000
/** Bytes that are written at once when a journal is written anew. */
const CHUNK = 4 * 1024 * 1024

/** One change: a key with its new value as JSON text; without one the key goes. */
export type Change = readonly [key: string, json: string | undefined]

/** A journal that cannot be read. */
export class JournalError extends Error {
  override readonly name = 'JournalError'
}

/**
 * Keys and values that outlive the process: a file to which each group of changes is appended as one line with its checksum. A
 * change is with the system when `put` returns, so the end of the process, however hard, loses nothing; the disk has it within a
 * second, which is what a loss of power may cost. The last line of a process that was killed may be torn: it was never
 * acknowledged and is dropped.
 */
export class Journal {
  readonly #path: string
  readonly #values: Map<string, string>
  #file = -1
  #size = 0
  #base = 0
  #isDirty = false
  #isSyncing = false
  readonly #timer: NodeJS.Timeout
  #isClosed = false

  /** Opens the journal of a folder, or begins one. Throws JournalError for one that is damaged before its end or no journal. */
  constructor(folder: string) {
    this.#path = join(folder, 'journal')
    this.#values = read(this.#path)
    this.#rewrite()
    this.#timer = setInterval(() => this.#sync(), SYNC_EVERY)
    this.#timer.unref()
  }

  /** The value of a key, parsed; undefined when there is none. */
  get(key: string): unknown {
    const json = this.#values.get(key)
    return json === undefined ? undefined : JSON.parse(json)
  }

  /** Keys with a prefix, each with its value, parsed, in the order in which they came. */
  *entries(prefix: string): Generator<[key: string, value: unknown]> {
    for (const [key, json] of this.#values) if (key.startsWith(prefix)) yield [key, JSON.parse(json)]
  }

  /**
   * Writes changes: all of them outlive the process when this returns, or none when it throws, as on a disk that is full. What is no change
   * costs no write.
   */
  put(changes: readonly Change[]): void {
    if (this.#isClosed) return
    const real = changes.filter(([key, json]) => this.#values.get(key) !== json)
    if (real.length === 0) return
    const line = lineOf(real)
    // Where the last whole line ends: what a write that failed has left of another one is written over.
    writeAll(this.#file, line, this.#size)
    for (const [key, json] of real)
      if (json === undefined) this.#values.delete(key)
      else this.#values.set(key, json)
    this.#isDirty = true
    this.#size += line.length
    if (this.#size - this.#base <= SLACK + this.#base) return
    try {
      this.#rewrite()
    } catch {
      // Without room for a second file the first one goes on: it holds everything.
      this.#base = this.#size
    }
  }

  /** Removes all keys with a prefix. */
  drop(prefix: string): void {
    this.put(
      [...this.#values.keys()]
        .filter((key) => key.startsWith(prefix))
        .map((key) => [key, undefined] as const),
    )
  }

  /** Forces everything to the disk and ends. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    fsyncSync(this.#file)
    closeSync(this.#file)
  }

  #sync(): void {
    if (!this.#isDirty || this.#isSyncing || this.#isClosed) return
    this.#isDirty = false
    this.#isSyncing = true
    fdatasync(this.#file, () => {
      // A file that was written anew meanwhile is on the disk already.
      this.#isSyncing = false
    })
  }

  /** Writes what there is into a new file, which takes the old one's place only when the disk has it. */
  #rewrite(): void {
    const next = `${this.#path}.next`
    const file = openSync(next, 'w', 0o600)
    let size = 0
    let chunk: Buffer[] = [Buffer.from(`${HEADER}\n`)]
    let length = 0
    const flush = (): void => {
      const bytes = Buffer.concat(chunk)
      writeAll(file, bytes, size)
      size += bytes.length
      chunk = []
      length = 0
    }
    try {
      for (const change of this.#values) {
        const line = lineOf([change])
        chunk.push(line)
        length += line.length
        if (length > CHUNK) flush()
      }
      flush()
      fsyncSync(file)
      renameSync(next, this.#path)
    } catch (error) {
      closeSync(file)
      rmSync(next, { force: true })
      throw error
    }
    if (this.#file >= 0) closeSync(this.#file)
    this.#file = file
    this.#size = size
    this.#base = size
    syncFolder(dirname(this.#path))
  }
}

/** `crc32 [[key, value], [key]]`: the JSON texts of the values stand in it as they are. */
function lineOf(changes: readonly Change[]): Buffer {
  const parts = changes.map(([key, json]) =>
    json === undefined ? `[${JSON.stringify(key)}]` : `[${JSON.stringify(key)},${json}]`,
  )
  const text = Buffer.from(`[${parts.join(',')}]`)
  return Buffer.concat([Buffer.from(`${checksum(text)} `), text, Buffer.from('\n')])
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0')
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, position + at)
}

function syncFolder(folder: string): void {
  const file = openSync(folder, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function read(path: string): Map<string, string> {
  const values = new Map<string, string>()
  // A new journal that was not finished: the old one still holds everything.
  rmSync(`${path}.next`, { force: true })
  if (!existsSync(path)) return values
  const bytes = readFileSync(path)
  const headEnd = bytes.indexOf(10)
  if (bytes.toString('utf8', 0, headEnd < 0 ? 64 : headEnd) !== HEADER)
    throw new JournalError(
      `${path} is no state of a lab, or of another version; it must begin with "${HEADER}"`,
    )
  let number = 1
  for (let at = headEnd + 1; at < bytes.length; number++) {
    const end = bytes.indexOf(10, at)
    const line = bytes.subarray(at, end < 0 ? bytes.length : end)
    at = end < 0 ? bytes.length : end + 1
    if (end >= 0 && line.toString('latin1', 0, 8) === checksum(line.subarray(9))) {
      take(values, line.toString('utf8', 9))
      continue
    }
    // Only the last one can be torn. Damage in the middle would lose what was acknowledged: nothing is made of it.
    if (at < bytes.length)
      throw new JournalError(`${path} is damaged in line ${number + 1}; nothing was read of it`)
  }
  return values
}

function take(values: Map<string, string>, text: string): void {
  for (const [key, ...value] of JSON.parse(text) as [string, unknown?][])
    if (value.length === 0) values.delete(key)
    else values.set(key, JSON.stringify(value[0]))
}
