import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Screen } from '@fochista/proxmox'
import { tr } from '../../../locale.ts'
import { pageCss, pageHtml, pageScript, type PageTexts } from './page.ts'

/** A page with a VM's screen, served to this machine only, for one use. */
export interface ScreenServer {
  /** Its address; whoever has it may use the screen, once. */
  readonly url: string
  /** Resolves when the screen was opened and has closed again, from whichever side. Rejects with what opening it failed with. */
  readonly closed: Promise<void>
  close(): void
}

/** How long a page that was given the password has to show the screen, ms. Proxmox itself waits ten seconds. */
const JOIN_MS = 30_000

/**
 * Serves the page on a free port of the loopback address. The VM's screen is opened when the page asks for it, which only the first one
 * may; the page's WebSocket is then spliced to Proxmox's, byte by byte.
 */
export async function serveScreen(open: () => Promise<Screen>, texts: PageTexts): Promise<ScreenServer> {
  const path = `/${randomBytes(24).toString('base64url')}/`
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>()
  // It may fail before anybody waits for it.
  closed.catch(() => {})
  let screen: Promise<Screen> | undefined
  let isJoined = false
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const name = isOurs(request, server) ? nameBelow(path, request) : undefined
    if (name === 'open' && request.method === 'POST' && isSameOrigin(request)) {
      if (screen)
        return say(response, 410, tr('this page was used already', 'questa pagina è già stata usata'))
      screen = open()
      try {
        const { password } = await screen
        // A page that was closed before it had the picture never comes back.
        setTimeout(() => isJoined || resolve(), JOIN_MS).unref()
        return send(response, 'application/json', JSON.stringify({ password }))
      } catch (error) {
        reject(error as Error)
        return say(response, 502, error instanceof Error ? error.message : String(error))
      }
    }
    if (request.method !== 'GET' || name === undefined) return say(response, 404, 'not found')
    if (name === '') return send(response, 'text/html; charset=utf-8', pageHtml(texts))
    if (name === 'page.js') return send(response, 'text/javascript', pageScript(texts))
    if (name === 'page.css') return send(response, 'text/css', pageCss)
    const script = await novncFile(name)
    return script ? send(response, 'text/javascript', script) : say(response, 404, 'not found')
  }
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const isAllowed =
      isOurs(request, server) && nameBelow(path, request) === 'socket' && isSameOrigin(request) && screen
    if (!isAllowed || isJoined) return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
    isJoined = true
    void splice(screen as Promise<Screen>, request, socket, head).then(resolve, (error: unknown) => {
      socket.destroy()
      reject(error as Error)
    })
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(0, '127.0.0.1', listening)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${path}`,
    closed,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Joins the screen with the page's own handshake, and moves bytes until one side ends. */
async function splice(
  screen: Promise<Screen>,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const opened = await screen
  const { headers, socket: far } = await opened.join(request.headers['sec-websocket-key'])
  const answer = ['upgrade', 'connection', 'sec-websocket-accept', 'sec-websocket-protocol']
    .flatMap((name) => (headers[name] === undefined ? [] : [`${name}: ${headers[name]}`]))
    .join('\r\n')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${answer}\r\n\r\n`)
  if (head.length > 0) far.write(head)
  socket.pipe(far)
  far.pipe(socket)
  const ended = (side: Duplex): Promise<void> =>
    new Promise((resolve) => {
      side.on('error', () => {})
      for (const event of ['end', 'close'] as const) side.once(event, resolve)
    })
  await Promise.race([ended(socket), ended(far)])
  socket.end()
  far.destroy()
}

/** A name that resolves to this machine is not enough: the address must be the one that was given out. */
function isOurs(request: IncomingMessage, server: Server): boolean {
  const { port } = server.address() as AddressInfo
  return request.headers.host === `127.0.0.1:${port}`
}

/** Browsers say which page asks; one of another place may not. */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  return headers.origin === undefined || headers.origin === `http://${headers.host}`
}

function nameBelow(path: string, { url = '' }: IncomingMessage): string | undefined {
  const [asked = ''] = url.split('?')
  return asked.startsWith(path) ? asked.slice(path.length) : undefined
}

/** A script of noVNC, unchanged. */
async function novncFile(name: string): Promise<Buffer | undefined> {
  const [, file] = /^novnc\/((?:core|vendor)\/[\w/-]+\.js)$/.exec(name) ?? []
  if (file === undefined) return undefined
  const folder = new URL('../', import.meta.resolve('@novnc/novnc'))
  return readFile(new URL(file, folder)).catch(() => undefined)
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response
    .writeHead(200, {
      'content-type': type,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'content-security-policy':
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    })
    .end(body)
}
