/** An answer before it is printed. */
export interface HttpAnswer {
  readonly status: number
  /** What stands behind the status; only its first line goes there. */
  readonly reason: string
  /** Beside those every answer has. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | Uint8Array
  /** Close the connection and say so. */
  readonly close?: boolean
  /** Close the connection without having said so. */
  readonly thenClose?: boolean
  /** The answer came from another process of the original: its own `Connection: close` stays beside the outer one. */
  readonly relayed?: boolean
}

/**
 * Prints an answer as the original's server does: fixed headers, the text's first line as reason.
 * A reason that still holds a carriage return makes it `400 Bad Request` without a body.
 */
export function printAnswer(
  answer: HttpAnswer,
  { protocol, close, now }: { protocol: string; close: boolean; now: number },
): Buffer {
  const reason = answer.reason.split('\n', 1)[0] ?? ''
  if (reason.includes('\r'))
    return printAnswer(
      { status: 400, reason: 'Bad Request', headers: [], body: '' },
      { protocol, close: true, now },
    )
  const date = httpDate(now)
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : answer.body
  const lines = [
    `${protocol} ${answer.status} ${reason}`,
    'Cache-Control: max-age=0',
    ...(answer.relayed && answer.status < 400 ? ['Connection: close'] : []),
    `Connection: ${close ? 'close' : 'Keep-Alive'}`,
    `Date: ${date}`,
    'Pragma: no-cache',
    'Server: pve-api-daemon/3.0',
    ...answer.headers.map(([name, value]) => `${name}: ${value}`),
    ...(body.length > 0 ? [`Content-Length: ${body.length}`] : []),
    `Expires: ${date}`,
    '',
    '',
  ]
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'utf8'), body])
}

let dateSecond = 0
let dateText = ''

/** The date header's text. Made once a second: printing it is the dearest part of a small answer. */
function httpDate(now: number): string {
  const second = Math.floor(now / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(now).toUTCString()
  }
  return dateText
}
