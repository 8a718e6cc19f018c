import { gunzipSync, inflateSync } from 'node:zlib'
import { readCutJson } from './cut-json.ts'
import { mask, maskText, sortKey, type Masked } from './masks.ts'
import type { Header, RecordedAnswer } from './recorded.ts'
import type { WireAnswer } from './wire.ts'

/** Headers that must agree in every value, and be absent where they were not recorded. */
const EXACT = [
  'content-type',
  'connection',
  'pragma',
  'cache-control',
  'server',
  'content-encoding',
  'location',
  'upgrade',
  'sec-websocket-accept',
  'sec-websocket-protocol',
]

/**
 * Compares an answer with the recorded one.
 * @param shapeOnly only status, headers, and the keys of the first entry count.
 * @param locksFree whether a task waited for a lock is chance: its log may say so or not.
 * @param speed how many times faster waits are.
 * @returns what differs; empty when they agree.
 */
export function compareAnswers(
  recorded: RecordedAnswer,
  answer: WireAnswer,
  { shapeOnly, speed, locksFree = false }: { shapeOnly: boolean; speed: number; locksFree?: boolean },
): string[] {
  if (recorded.status === null) return compareSilence(recorded, answer)
  const differences: string[] = []
  const differ = (what: string, want: unknown, got: unknown): void => {
    differences.push(`${what}: want ${short(want)} got ${short(got)}`)
  }
  if (answer.status !== recorded.status) differ('status', recorded.status, answer.status)
  if (maskText(answer.reason) !== maskText(recorded.reason ?? ''))
    differ('reason', recorded.reason, answer.reason)
  for (const name of EXACT) {
    const want = valuesOf(recorded.headers, name)
    const got = valuesOf(answer.headers, name)
    if (want !== got) differ(name, want, got)
  }
  if (recorded.status !== 101) {
    compareLengthAndDates(answer, differ)
    if (answer.closed !== recorded.connection_closed_by_server)
      differ('closed', recorded.connection_closed_by_server, answer.closed)
    compareBodies(recorded, answer, { shapeOnly, locksFree }, differ)
    compareWaits(recorded, answer, speed, differ)
  }
  return differences
}

type Differ = (what: string, want: unknown, got: unknown) => void

function compareSilence(recorded: RecordedAnswer, answer: WireAnswer): string[] {
  if (answer.status !== null) return [`want no answer, got ${answer.status} ${answer.reason}`]
  return answer.closed === recorded.connection_closed_by_server
    ? []
    : [`closed: want ${recorded.connection_closed_by_server} got ${answer.closed}`]
}

function valuesOf(headers: readonly Header[], wanted: string): string {
  return headers
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value)
    .join(' | ')
}

function compareLengthAndDates({ headers, body }: WireAnswer, differ: Differ): void {
  const length = valuesOf(headers, 'content-length')
  const want = body.length === 0 ? '' : String(body.length)
  if (length !== want) differ('content-length', want, length)
  if (valuesOf(headers, 'date') === '' || valuesOf(headers, 'date') !== valuesOf(headers, 'expires'))
    differ('date and expires', 'the same', `${valuesOf(headers, 'date')} / ${valuesOf(headers, 'expires')}`)
}

/** Waits that matter are those that were recorded as such; tolerance half a second or a fifth. */
function compareWaits(recorded: RecordedAnswer, answer: WireAnswer, speed: number, differ: Differ): void {
  const want = recorded.elapsed_s >= 2.5 ? recorded.elapsed_s / speed : 0
  const tolerance = want === 0 ? 2 : Math.max(0.5, want / 5)
  if (Math.abs(answer.seconds - want) > tolerance) differ('seconds', want, answer.seconds)
}

function compareBodies(
  recorded: RecordedAnswer,
  answer: WireAnswer,
  { shapeOnly, locksFree }: { shapeOnly: boolean; locksFree: boolean },
  differ: Differ,
): void {
  const type = valuesOf(recorded.headers, 'content-type')
  const encoding = valuesOf(answer.headers, 'content-encoding')
  const bytes =
    encoding === 'gzip'
      ? gunzipSync(answer.body)
      : encoding === 'deflate'
        ? inflateSync(answer.body)
        : answer.body
  let got = bytes.toString('utf8')
  let want = recorded.body
  if (type.startsWith('text/html')) {
    if (shapeOnly) return
    got = unescapeHtml(got)
    want = unescapeHtml(want)
  } else if (shapeOnly && want.startsWith('base64:')) {
    if (bytes.length === 0) differ('body', 'some bytes', 'none')
    return
  } else if (!type.startsWith('application/json')) {
    if (maskText(got) !== maskText(want)) differ('body', want, got)
    return
  }
  const cut = /\.\.\.\[\d+ bytes/.exec(want)
  const parsed = parse(got)
  if (shapeOnly) {
    if (want.startsWith('base64:')) return
    const shape = shapeOf(readCutJson(want))
    // An entry that was cut at its first value shows no keys.
    if (!shape.endsWith(' ') && shape !== shapeOf(parsed)) differ('shape', shape, shapeOf(parsed))
    return
  }
  if (cut) {
    const missing = missingFrom(mask(readCutJson(want.slice(0, cut.index))), mask(parsed))
    if (missing !== undefined) differ('cut body', missing, got)
    return
  }
  const [left, right] = [parse(want), parsed].map((each) => mask(locksFree ? withoutWaits(each) : each)) as [
    Masked,
    Masked,
  ]
  if (sortKey(left) !== sortKey(right)) differ('body', ...firstDifference(left, right))
}

/** A log without the lines of a wait for a lock. */
function withoutWaits(body: unknown): unknown {
  const { data } = body as { data?: unknown }
  if (!Array.isArray(data)) return body
  const lines = (data as { t?: unknown }[]).filter(
    ({ t }) => t !== 'trying to acquire lock...' && t !== ' OK',
  )
  return lines.length === data.length ? body : { data: lines, total: lines.length }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** Kind of the data, and the keys of its first entry. */
function shapeOf(body: unknown): string {
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : body
  const first: unknown = Array.isArray(data) ? data[0] : data
  const keys =
    typeof first === 'object' && first !== null ? Object.keys(first).sort().join(',') : typeof first
  return `${Array.isArray(data) ? 'list' : typeof data} ${keys}`
}

/** What of a cut value is not in the whole one; entries of lists are looked for anywhere. */
function missingFrom(want: Masked, got: Masked): string | undefined {
  if (Array.isArray(want)) {
    if (!Array.isArray(got)) return sortKey(want)
    for (const entry of want) {
      if (got.some((each) => missingFrom(entry, each) === undefined)) continue
      return sortKey(entry)
    }
    return undefined
  }
  if (want !== null && typeof want === 'object') {
    if (got === null || typeof got !== 'object' || Array.isArray(got)) return sortKey(want)
    for (const key of Object.keys(want)) {
      const missing = missingFrom(want[key] ?? null, got[key] ?? null)
      if (missing !== undefined) return `${key}: ${missing}`
    }
    return undefined
  }
  return sortKey(want) === sortKey(got) ? undefined : sortKey(want)
}

/** The first place where two values differ. */
function firstDifference(want: Masked, got: Masked, path = ''): [string, string] {
  if (Array.isArray(want) && Array.isArray(got) && want.length === got.length) {
    for (const [index, entry] of want.entries())
      if (sortKey(entry) !== sortKey(got[index] ?? null))
        return firstDifference(entry, got[index] ?? null, `${path}[${index}]`)
  } else if (isObject(want) && isObject(got)) {
    const keys = [...new Set([...Object.keys(want), ...Object.keys(got)])].filter(
      (key) => key in want !== key in got || sortKey(want[key] ?? null) !== sortKey(got[key] ?? null),
    )
    const [key] = keys
    if (keys.length === 1 && key !== undefined && key in want && key in got)
      return firstDifference(want[key] ?? null, got[key] ?? null, `${path}.${key}`)
    const pick = (from: { [key: string]: Masked }): string =>
      `${path} ${sortKey(Object.fromEntries(keys.filter((name) => name in from).map((name) => [name, from[name] ?? null])))}`
    return [pick(want), pick(got)]
  }
  return [`${path} ${sortKey(want)}`, `${path} ${sortKey(got)}`]
}

function isObject(value: Masked): value is { [key: string]: Masked } {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
