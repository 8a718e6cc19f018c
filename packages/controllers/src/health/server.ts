import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TEXT_FORMAT } from './exposition.ts'
import type { Health } from './health.ts'

/** Answers probes and Prometheus. */
export interface HealthServer {
  /** The port that was taken. */
  readonly port: number
  stop(): Promise<void>
}

/**
 * Serves `/healthz` (the process answers), `/readyz` (it leads with full caches, or can take over) and `/metrics`, by plain HTTP on all
 * addresses, as probes want it; nothing there is secret. Port 0 takes a free one. Throws what listening throws: a port in use.
 */
export async function serveHealth(health: Health, port: number): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const answer = answerTo(health, request.method, request.url ?? '/')
    response.writeHead(answer.status, {
      'content-type': answer.type ?? 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    response.end(request.method === 'HEAD' ? undefined : answer.text)
  })
  // Probes are short; whoever holds a connection without asking is let go.
  server.headersTimeout = 5000
  server.requestTimeout = 5000
  await listening(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly type?: string
}

function answerTo(health: Health, method: string | undefined, url: string): Answer {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET and HEAD\n' }
  switch (url.split('?')[0]) {
    case '/healthz':
      return { status: 200, text: 'ok\n' }
    case '/readyz': {
      const lacking = health.notReady()
      if (lacking.length === 0) return { status: 200, text: 'ok\n' }
      return { status: 503, text: lacking.map((line) => `[-] ${line}\n`).join('') }
    }
    case '/metrics':
      return { status: 200, text: health.metrics(), type: TEXT_FORMAT }
    default:
      return { status: 404, text: 'there is /healthz, /readyz and /metrics\n' }
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
