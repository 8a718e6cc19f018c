import { isObject } from '../json.ts'
import type { Json } from '../json.ts'
import type { Recorded } from './recorded.ts'

/** What the server said, in the recording and now. */
interface Pair {
  recorded: Json | undefined
  actual: Json | undefined
}

/** Revisions that a recording may be ahead of those it told. */
const UNTOLD = 20
const HASH = /[?&]hash=([0-9A-F]{128})/

/** Values of the recording that later requests repeat (uids, versions, tokens), as this server gave them. */
export class Values {
  readonly #answers = new Map<number, Pair>()
  /** Version of the list just before, when the recorder cut the answer before it. */
  #listed: string | undefined
  readonly #known = new Map<string, string>()
  /** Revisions as recorded and as they are here. */
  readonly #versions = new Map<number, string>()

  /** Keeps an answer: later lines may use what is in it. */
  keep(n: number, recorded: Json | undefined, actual: Json | undefined): void {
    this.#answers.set(n, { recorded, actual })
    this.#listed = untoldVersion(recorded, actual)
    this.#keepHashes(recorded, actual)
  }

  /** Keeps the revisions, the times of deletion and the tokens in an answer. */
  keepVersions(recorded: Json | undefined, actual: Json | undefined): void {
    if (Array.isArray(recorded) && Array.isArray(actual))
      for (const [index, item] of recorded.entries()) this.keepVersions(item, actual[index])
    if (!isObject(recorded) || !isObject(actual)) return
    for (const [key, value] of Object.entries(recorded)) {
      const now = actual[key]
      if (key === 'resourceVersion' && typeof now === 'string') this.#versions.set(Number(value), now)
      // Repeated by who sends back an object that is being deleted.
      if (key === 'deletionTimestamp' && typeof value === 'string' && typeof now === 'string')
        this.keepTag(value, now)
      if (key === 'token' && typeof value === 'string' && typeof now === 'string') this.keepTag(value, now)
      this.keepVersions(value, now)
    }
  }

  /** Keeps a tag or another name of an answer's content: requests repeat it without saying where it came from. */
  keepTag(recorded: string | undefined, actual: string | undefined): void {
    if (recorded !== undefined && actual !== undefined) this.#known.set(recorded, actual)
  }

  /** Documents are asked for by hashes that stand in the addresses of an index. */
  #keepHashes(recorded: Json | undefined, actual: Json | undefined): void {
    if (typeof recorded === 'string' && typeof actual === 'string')
      this.keepTag(HASH.exec(recorded)?.[1], HASH.exec(actual)?.[1])
    else if (isObject(recorded) && isObject(actual))
      for (const [key, value] of Object.entries(recorded)) this.#keepHashes(value, actual[key])
  }

  /** Looks up what a line uses in the answers before it. */
  learn(record: Recorded): void {
    for (const use of record.uses ?? []) {
      const pair = this.#answers.get(use.from)
      if (pair === undefined) continue
      // Long values are cut in the notes: the recorded answer has them whole.
      const whole = use.value.endsWith('...') ? valueAt(pair.recorded, use.at.split('.')) : use.value
      if (typeof whole !== 'string') continue
      const found = samePlace(pair.recorded, pair.actual, whole)
      if (found !== undefined) this.#known.set(whole, found)
    }
  }

  /** A path of the recording with this server's values; revisions of which no answer told are those of the last change before. */
  putInPath(path: string): string {
    const told = [...this.#versions.keys()]
    return this.put(withoutUntoldHash(path, this.#known)).replace(
      /\bresourceVersion=(\d+)/,
      (whole, text: string) => {
        if (!path.includes(whole)) return whole
        const wanted = Number(text)
        if (!told.includes(wanted) && this.#listed !== undefined) return `resourceVersion=${this.#listed}`
        const before = told.filter((each) => each <= wanted)
        const newest = this.#versions.get(Math.max(...before))
        return wanted > Math.max(...told) + UNTOLD || newest === undefined
          ? whole
          : `resourceVersion=${newest}`
      },
    )
  }

  /** A text of the recording with this server's values. */
  put(text: string): string {
    let result = text
    for (const [from, to] of this.#known) {
      const pattern = /^\d+$/.test(from) ? new RegExp(`(?<![\\w.-])${from}(?![\\w.-])`, 'g') : from
      result = result.replaceAll(pattern, to)
    }
    return result
  }
}

function valueAt(value: Json | undefined, path: string[]): Json | undefined {
  let current = value
  for (const part of path) {
    if (Array.isArray(current)) current = current[Number(part)]
    else if (isObject(current)) current = current[part]
    else return undefined
  }
  return current
}

/** The value in `actual` at the place where `wanted` is in `recorded`. */
function samePlace(recorded: Json | undefined, actual: Json | undefined, wanted: string): string | undefined {
  if (typeof recorded === 'string' || typeof recorded === 'number')
    return String(recorded) === wanted && (typeof actual === 'string' || typeof actual === 'number')
      ? String(actual)
      : undefined
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    for (const [index, item] of recorded.entries()) {
      const found = samePlace(item, actual[index], wanted)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isObject(recorded) && isObject(actual))
    for (const key in recorded) {
      const found = samePlace(recorded[key], actual[key], wanted)
      if (found !== undefined) return found
    }
  return undefined
}

/** A path without the hash of a document that the recorder learned from an answer it cut: then any hash will do, and so does none. */
function withoutUntoldHash(path: string, known: ReadonlyMap<string, string>): string {
  const hash = HASH.exec(path)?.[1]
  return hash === undefined || known.has(hash) ? path : path.replace(`?hash=${hash}`, '')
}

/** The version that a list has now, if the recorder cut the list before its version. */
function untoldVersion(recorded: Json | undefined, actual: Json | undefined): string | undefined {
  const versionOf = (value: Json | undefined): Json | undefined =>
    isObject(value) && isObject(value['metadata']) ? value['metadata']['resourceVersion'] : undefined
  const version = versionOf(actual)
  const isList = isObject(actual) && Array.isArray(actual['items'])
  return isList && typeof version === 'string' && versionOf(recorded) === undefined ? version : undefined
}
