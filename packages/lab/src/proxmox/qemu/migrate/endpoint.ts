import { once } from 'node:events'
import { request } from 'node:https'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { LineReader, type Message } from './messages.ts'

/** Another cluster's API, as `target-endpoint` names it. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** `PVEAPIToken=user@realm!token=secret` */
  readonly token: string
  /** SHA-256 of its certificate, `AA:BB:...`; absent: an authority of the system vouches for it. */
  readonly fingerprint: string | undefined
}

/** Reads `apitoken=…,host=…[,port=…][,fingerprint=…]`. */
export function readEndpoint(text: string): Endpoint {
  const fields = Object.fromEntries(
    text.split(',').map((part) => {
      const at = part.indexOf('=')
      return [part.slice(0, at), part.slice(at + 1)]
    }),
  )
  const { host = '', port = '8006', apitoken = '', fingerprint } = fields
  return { host, port: Number(port), token: apitoken, fingerprint }
}

/** Longest wait for a connection and for an answer, ms of the wall clock. */
const WAIT_MS = 30_000

/** Connects, and lets nobody but the endpoint hear a word. */
async function connection({ host, port, fingerprint }: Endpoint): Promise<TLSSocket> {
  const socket = connect({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: fingerprint === undefined,
  })
  socket.setTimeout(WAIT_MS, () => socket.destroy(new Error('Connection timed out')))
  await once(socket, 'secureConnect')
  const shown = socket.getPeerCertificate().fingerprint256
  if (fingerprint !== undefined && shown.toUpperCase() !== fingerprint.toUpperCase()) {
    socket.destroy()
    throw new Error(`fingerprint '${shown}' not verified, abort!`)
  }
  socket.setTimeout(0)
  return socket
}

/** Makes a call; resolves to its data. Throws `500 …` with what the other side said, or why it could not be asked. */
export async function callEndpoint(
  endpoint: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { host, port, token } = endpoint
  let socket: TLSSocket
  try {
    socket = await connection(endpoint)
  } catch (error) {
    throw new Error(
      `500 Can't connect to ${host}:${port} (${error instanceof Error ? error.message : String(error)})`,
      {
        cause: error,
      },
    )
  }
  const body = method === 'POST' ? new URLSearchParams(parameters).toString() : ''
  const { status, reason, text } = await new Promise<{ status: number; reason: string; text: string }>(
    (resolve, reject) => {
      const sent = request(
        {
          createConnection: () => socket,
          method,
          path: `/api2/json${path}`,
          headers: {
            host: `${host}:${port}`,
            authorization: token,
            ...(body !== '' && { 'content-type': 'application/x-www-form-urlencoded' }),
            'content-length': Buffer.byteLength(body),
          },
        },
        (answer) => {
          let got = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => (got += chunk))
          answer.on('end', () => {
            socket.destroy()
            resolve({ status: answer.statusCode ?? 0, reason: answer.statusMessage ?? '', text: got })
          })
        },
      )
      sent.setTimeout(WAIT_MS, () => sent.destroy(new Error('Connection timed out')))
      sent.on('error', reject)
      sent.end(body)
    },
  )
  if (status !== 200) throw new Error(`${status} ${reason}`)
  return (JSON.parse(text) as { data: unknown }).data
}

/** Commands to a tunnel's other end. */
export interface TunnelClient {
  /** Sends a command; resolves to its answer. Throws the other side's text. */
  send(cmd: string, fields?: Readonly<Record<string, unknown>>): Promise<Message>
  close(): void
}

/** Joins a tunnel. */
export async function joinTunnel(endpoint: Endpoint, path: string): Promise<TunnelClient> {
  const socket = await connection(endpoint)
  const { host, port, token } = endpoint
  const ws = new WebSocket(`wss://${host}:${port}/api2/json${path}`, 'binary', {
    createConnection: () => socket,
    headers: { authorization: token },
    perMessageDeflate: false,
  })
  const waiting: { resolve: (message: Message) => void; reject: (error: Error) => void }[] = []
  const lines = new LineReader((message) => waiting.shift()?.resolve(message))
  ws.on('message', (data: Buffer) => lines.data(data))
  ws.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('tunnel closed unexpectedly'))
  })
  await once(ws, 'open')
  ws.on('error', () => {})
  return {
    async send(cmd, fields = {}) {
      const answered = new Promise<Message>((resolve, reject) => waiting.push({ resolve, reject }))
      ws.send(Buffer.from(`${JSON.stringify({ cmd, ...fields })}\n`), { binary: true })
      const message = await answered
      const { success, msg } = message
      if (success !== true)
        throw new Error(typeof msg === 'string' ? msg : `error - tunnel command '${cmd}' failed`)
      return message
    },
    close: () => ws.terminate(),
  }
}
