import type { Duplex } from 'node:stream'
import type { ConsoleClient } from './sessions.ts'
import type { WebSocketEnd } from '../../../websocket.ts'

/** Carries bytes between a client and a stream that is being opened; each ends with the other. */
export function bridge(
  open: () => Promise<Duplex>,
  end: WebSocketEnd,
): Pick<ConsoleClient, 'data' | 'closed'> {
  let stream: Duplex | undefined
  let early: Buffer[] = []
  let isClosed = false
  open().then(
    (opened) => {
      if (isClosed) {
        opened.destroy()
        return
      }
      stream = opened
      for (const bytes of early) opened.write(bytes)
      early = []
      opened.on('data', (bytes: Buffer) => end.send(bytes))
      opened.on('error', () => {})
      opened.on('close', () => end.close())
    },
    () => end.close(),
  )
  return {
    data: (bytes) => {
      if (bytes.length === 0) return
      if (stream === undefined) early.push(bytes)
      else stream.write(bytes)
    },
    closed: () => {
      isClosed = true
      stream?.destroy()
    },
  }
}
