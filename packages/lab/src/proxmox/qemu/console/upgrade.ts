import { Unanswered, Upgrade } from '../../handler.ts'
import { Refusal } from '../../http/refusal.ts'
import type { ConsoleClient } from './sessions.ts'
import { acceptKey, serveWebSocket } from '../../../websocket.ts'

/**
 * Answers a WebSocket's handshake. Throws a bare refusal for one that the original does not take.
 * @param join finds what serves the connection; where nothing does there is no answer.
 */
export function upgrade(
  headers: Readonly<Record<string, string>>,
  join: () => ConsoleClient | undefined,
): Upgrade | Unanswered {
  const version = headers['sec-websocket-version']
  if (version !== '13') refuse(`unsupported websocket-version '${version ?? ''}'`)
  const key = headers['sec-websocket-key'] ?? refuse('missing websocket-key')
  const client = join()
  if (client === undefined) return new Unanswered()
  const protocol = headers['sec-websocket-protocol']
  const answer: [string, string][] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'upgrade'],
    ['Sec-WebSocket-Accept', acceptKey(key)],
    ...(protocol === undefined ? [] : [['Sec-WebSocket-Protocol', protocol] as [string, string]]),
  ]
  return new Upgrade(answer, (socket, early) => {
    const end = serveWebSocket(socket, early, {
      onData: (data) => client.data(data),
      onClose: () => client.closed(),
    })
    client.open(end)
  })
}

/** What is wrong with a handshake is told in bare text. */
function refuse(text: string): never {
  throw new Refusal(500, text, `${text}\n`)
}
