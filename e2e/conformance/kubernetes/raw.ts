import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'
import type { Outcome } from '../outcome.ts'
import { leftOut } from '../outcome.ts'
import { compareAnswer } from './compare.ts'
import type { Recorded } from './recorded.ts'
import type { Answer } from './send.ts'
import { compareSwitched, hasFrames } from './switched.ts'

/** Once as much came as was recorded, it is listened this much longer for more, milliseconds. */
const LISTENS_FOR = 150
/** As much is waited for this long, milliseconds. */
const LONGEST = 10_000

/** Requests that the recorder only tells of, for their size. */
const TOLD: { [text: string]: (size: number) => string } = {
  'X-Long header': (size) =>
    `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ${'x'.repeat(size)}\r\n\r\n`,
  query: (size) => `GET /healthz?q=${'x'.repeat(size)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
}

/** Sends the bytes of an exchange that was recorded as bytes, and compares what comes: the answers, and the frames of a WebSocket. */
export async function replayRaw(
  { n, title, raw_request: recordedRequest = '', raw_response: recorded }: Recorded,
  url: string,
  put: (text: string) => string,
): Promise<Outcome> {
  const frames = (recorded?.frames ?? []).map(({ data }) => data)
  const sent = requestOf(recordedRequest)
  const text = frames.join('')
  // Only what is answered so was sent without TLS.
  const isPlain = text.startsWith('HTTP/1.0 ') && !/ HTTP\/1\.0\r\n/.test(sent)
  if (text.startsWith('HTTP/1.1 101 ')) {
    const came = await exchange(url, put(sent), false, (bytes) => hasFrames(bytes, frames.length - 1))
    return { n, title, ...compareSwitched(frames, came) }
  }
  const wanted = answersIn(Buffer.from(text))
  const given = answersIn(
    await exchange(url, put(sent), isPlain, (bytes) => answersIn(bytes).length >= wanted.length),
  )
  if (wanted.length !== given.length)
    return {
      n,
      title,
      verdict: 'wrong',
      expected: `${wanted.length} answers`,
      actual: `${given.length} answers: ${JSON.stringify(given)}`,
    }
  const judged = wanted.map(({ status, reason, headers, body }, index) =>
    compareAnswer(
      {
        status,
        reason,
        headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
        body,
      },
      given[index] ?? { status: 0, reason: '', headers: {}, body: '' },
    ),
  )
  const worst =
    judged.find(({ verdict }) => verdict === 'wrong') ??
    judged.find(({ verdict }) => verdict === 'refused') ??
    judged[0]
  return worst === undefined ? leftOut(n, title, 'no answer was recorded') : { n, title, ...worst }
}

/** The request itself, also of one that the recorder only tells of. */
function requestOf(text: string): string {
  const [, what = '', size] = /^\((.*?) of (\d+) bytes\)$/.exec(text) ?? []
  return TOLD[what]?.(Number(size)) ?? text
}

function exchange(
  url: string,
  bytes: string,
  isPlain: boolean,
  isEnough: (came: Buffer) => boolean,
): Promise<Buffer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const to = { host: hostname, port: Number(port) }
    const socket = isPlain ? connectPlain(to) : connect({ ...to, rejectUnauthorized: false })
    const end = (): void => {
      socket.destroy()
      resolve(Buffer.concat(chunks))
    }
    const longest = setTimeout(end, LONGEST)
    let quiet: NodeJS.Timeout | undefined
    socket.on(isPlain ? 'connect' : 'secureConnect', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      clearTimeout(quiet)
      if (isEnough(Buffer.concat(chunks))) quiet = setTimeout(end, LISTENS_FOR)
    })
    socket.on('error', end)
    socket.on('close', () => {
      clearTimeout(longest)
      clearTimeout(quiet)
      end()
    })
  })
}

/** The answers in what came over a connection. */
function answersIn(bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  let rest = bytes
  for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
    const [line = '', ...lines] = rest.subarray(0, end).toString().split('\r\n')
    const [, status = '0', reason = ''] = /^HTTP\/1\.\d (\d+) ?(.*)$/.exec(line) ?? []
    const headers: { [name: string]: string } = {}
    for (const each of lines) {
      const colon = each.indexOf(':')
      const name = each.slice(0, colon).toLowerCase()
      const value = each.slice(colon + 1).trim()
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
    }
    rest = rest.subarray(end + 4)
    let body: Buffer
    if (/chunked/.test(headers['transfer-encoding'] ?? '')) ({ body, rest } = unchunked(rest))
    else {
      const length = headers['content-length']
      const has = Number(status) >= 200
      const size = length === undefined ? (has ? rest.length : 0) : Number(length)
      body = rest.subarray(0, size)
      rest = rest.subarray(size)
    }
    answers.push({ status: Number(status), reason, headers, body: body.toString() })
  }
  return answers
}

function unchunked(bytes: Buffer): { body: Buffer; rest: Buffer } {
  const parts: Buffer[] = []
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n')
    const size = end < 0 ? 0 : Number.parseInt(rest.subarray(0, end).toString(), 16)
    if (!(size > 0))
      return { body: Buffer.concat(parts), rest: rest.subarray(end < 0 ? rest.length : end + 4) }
    parts.push(rest.subarray(end + 2, end + 2 + size))
    rest = rest.subarray(end + 2 + size + 2)
  }
}
