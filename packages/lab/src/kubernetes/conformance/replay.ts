import { request } from 'node:https'
import type { Json } from '../resources.ts'
import { at, isObject } from '../rest/json.ts'

/** One recorded exchange. */
export interface Recorded {
  n: number
  title: string
  request?: { method: string; path: string; headers: [string, string][]; body?: string }
  response?: { status: number; body?: string; frames?: { t: number; data: string }[] }
  note?: string
  uses?: { value: string; from: number; at: string }[]
}

/** What a replay said of one exchange. */
export interface Outcome {
  n: number
  title: string
  /** `ok`, `status` (another status code), `body` (same status, another body), `skipped`. */
  verdict: 'ok' | 'status' | 'body' | 'skipped'
  expected: string
  actual: string
}

/** How a replay reaches the server. */
export interface Target {
  url: string
  /** Static tokens by the names in the records. */
  tokens: { [name: string]: string }
}

interface Answer {
  status: number
  body: string
}

const SHORT_WAIT = 25

/** Sends recorded exchanges in order to a server and compares the answers, volatile values masked. */
export async function replay(target: Target, records: Recorded[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  /** Values of the records that a later request uses, as this server gave them. */
  const values = new Map<string, string>()
  const answers = new Map<number, { recorded: Json | undefined; actual: Json | undefined }>()
  for (const record of records) {
    const { request: asked, response: expected } = record
    if (asked === undefined || expected?.frames !== undefined || usesMasked(asked)) {
      outcomes.push({ n: record.n, title: record.title, verdict: 'skipped', expected: '', actual: '' })
      continue
    }
    learn(record, answers, values)
    const put = (text: string): string => substitute(text, values)
    const headers: [string, string][] = asked.headers
      .filter(
        ([name]) => !['host', 'content-length', 'accept-encoding', 'connection'].includes(name.toLowerCase()),
      )
      .map(([name, value]) => [
        name,
        put(value.replaceAll(/<token:(\w+)>/g, (_, token: string) => target.tokens[token] ?? token)),
      ])
    const answer = await send(
      target.url,
      asked.method,
      put(asked.path),
      headers,
      asked.body === undefined ? undefined : put(asked.body),
    )
    if (expected === undefined) {
      // A setup step whose answer stands in another file: sent, not compared.
      outcomes.push({ n: record.n, title: record.title, verdict: 'skipped', expected: '', actual: '' })
      await pause(SHORT_WAIT * 4)
      continue
    }
    const recorded = parse(expected.body)
    const actual = parse(answer.body)
    answers.set(record.n, { recorded, actual })
    const same = answer.status === expected.status
    const cut = /\.\.\.\[\d+ bytes\]$/.test(expected.body ?? '')
    const left = recorded === undefined ? (expected.body ?? '') : JSON.stringify(masked(recorded))
    const right = actual === undefined ? answer.body : JSON.stringify(masked(actual))
    outcomes.push({
      n: record.n,
      title: record.title,
      verdict: !same ? 'status' : cut || left === right ? 'ok' : 'body',
      expected: `${expected.status} ${left}`,
      actual: `${answer.status} ${right}`,
    })
    // The recorder waited for controllers between its requests.
    await pause(/DELETE|POST|PUT|PATCH/.test(asked.method) ? SHORT_WAIT * 3 : SHORT_WAIT / 5)
  }
  return outcomes
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function usesMasked(asked: { headers: [string, string][]; body?: string }): boolean {
  const text = `${asked.body ?? ''}${asked.headers.map(([, value]) => value).join('')}`
  return /^base64:|<base64-pem|<pem |\.\.\.\[\d+ bytes\]/.test(text)
}

function learn(
  record: Recorded,
  answers: Map<number, { recorded: Json | undefined; actual: Json | undefined }>,
  values: Map<string, string>,
): void {
  for (const use of record.uses ?? []) {
    const answer = answers.get(use.from)
    if (answer === undefined) continue
    // Long values are cut in the notes: the recorded answer has them whole.
    const place = use.value.endsWith('...') ? at(answer.recorded, use.at.split('.')) : use.value
    if (typeof place !== 'string') continue
    const found = locate(answer.recorded, answer.actual, place)
    if (found !== undefined) values.set(place, found)
  }
}

/** The value in `actual` at the place where `wanted` is in `recorded`. */
function locate(recorded: Json | undefined, actual: Json | undefined, wanted: string): string | undefined {
  if (typeof recorded === 'string' || typeof recorded === 'number')
    return String(recorded) === wanted && (typeof actual === 'string' || typeof actual === 'number')
      ? String(actual)
      : undefined
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    for (const [index, item] of recorded.entries()) {
      const found = locate(item, actual[index], wanted)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isObject(recorded) && isObject(actual))
    for (const key in recorded) {
      const found = locate(recorded[key], actual[key], wanted)
      if (found !== undefined) return found
    }
  return undefined
}

function substitute(text: string, values: Map<string, string>): string {
  let result = text
  for (const [from, to] of values) {
    if (/^\d+$/.test(from)) result = result.replaceAll(new RegExp(`(?<![\\w.-])${from}(?![\\w.-])`, 'g'), to)
    else result = result.replaceAll(from, to)
  }
  return result
}

function parse(text: string | undefined): Json | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g

/** The value with what differs from run to run made equal, keys sorted. managedFields are compared without times. */
export function masked(value: Json | undefined, key = ''): Json {
  if (typeof value === 'string') {
    if (key === 'resourceVersion' || key === 'continue') return '*'
    if (value.length > 200 && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value)) return '<jwt>'
    return value
      .replaceAll(UUID, '<uid>')
      .replaceAll(TIME, '<time>')
      .replaceAll(/resource ?[vV]ersion: \d+(, current: \d+| \(\d+\))?/g, 'resourceVersion: *')
      .replaceAll(/ResourceVersion in (precondition|record) \(\d+\)/g, 'ResourceVersion in $1 (*)')
      .replaceAll(/<pem[^>]*>|-----BEGIN CERTIFICATE[^]*END CERTIFICATE-----/g, '<pem>')
      .replaceAll(/<jwt:\d+>/g, '<jwt>')
  }
  if (Array.isArray(value)) return value.map((item) => masked(item))
  if (isObject(value)) {
    const result: { [key: string]: Json } = {}
    for (const each of Object.keys(value).toSorted()) {
      if (each === 'time' || each === 'remainingItemCount') continue
      result[each.replaceAll(UUID, '<uid>')] = masked(value[each], each)
    }
    return result
  }
  return value ?? null
}

function send(
  url: string,
  method: string,
  path: string,
  headers: [string, string][],
  body: string | undefined,
): Promise<Answer> {
  return new Promise((resolve) => {
    const target = new URL(url)
    const outgoing: { [name: string]: string | string[] } = {}
    if (body !== undefined) outgoing['Content-Length'] = String(Buffer.byteLength(body))
    for (const [name, value] of headers) {
      const before = outgoing[name]
      outgoing[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
    }
    const call = request(
      {
        host: target.hostname,
        port: target.port,
        method,
        path,
        headers: outgoing,
        rejectUnauthorized: false,
        timeout: 3000,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        )
        response.on('error', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        )
      },
    )
    call.on('timeout', () => call.destroy(new Error('no answer in 3 s')))
    call.on('error', (error) => {
      if (error.message === 'no answer in 3 s') resolve({ status: 0, body: error.message })
      else resolve({ status: 0, body: error.message })
    })
    call.end(body)
  })
}
