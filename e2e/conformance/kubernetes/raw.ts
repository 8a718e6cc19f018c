import { connect } from 'node:tls'
import type { Outcome } from '../outcome.ts'
import { leftOut } from '../outcome.ts'
import { compareAnswer } from './compare.ts'
import type { Recorded } from './recorded.ts'
import type { Answer } from './send.ts'

/** Milliseconds after which what came is all there is; a watch that ends after a second is waited for. */
const LISTENS_FOR = 400
const LONGEST = 2500

/**
 * Sends the bytes of an exchange that was recorded as bytes, and compares the answers in them. Those after which no HTTP is spoken are
 * not compared, nor those that are only told of.
 */
export async function replayRaw(
  { n, title, raw_request: sent = '', raw_response: recorded }: Recorded,
  url: string,
  put: (text: string) => string,
): Promise<Outcome> {
  const text = (recorded?.frames ?? []).map(({ data }) => data).join('')
  if (sent.startsWith('(')) return leftOut(n, title, 'the recorder only tells of what it sent')
  if (!text.startsWith('HTTP/1.1 ') && !/ HTTP\/1\.0\r\n/.test(sent))
    return leftOut(n, title, 'bytes without TLS')
  if (text.startsWith('HTTP/1.1 101 ')) return leftOut(n, title, 'frames of a WebSocket or of SPDY')
  const wanted = answersIn(Buffer.from(text))
  const given = answersIn(await exchange(url, put(sent)))
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

function exchange(url: string, bytes: string): Promise<Buffer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
    const end = (): void => {
      socket.destroy()
      resolve(Buffer.concat(chunks))
    }
    const longest = setTimeout(end, LONGEST)
    let quiet: NodeJS.Timeout | undefined
    socket.on('secureConnect', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      clearTimeout(quiet)
      // A watch says nothing for a while before it ends.
      if (!bytes.includes('watch=true')) quiet = setTimeout(end, LISTENS_FOR)
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
