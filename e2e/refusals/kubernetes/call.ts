import { Agent, request } from 'node:https'
import type { Mistake } from './mistake.ts'

/** What came back: JSON read, anything else as text. */
export interface Got {
  readonly code: number
  readonly body: unknown
}

/** Calls one server. */
export interface Caller {
  ask(sent: Omit<Mistake, 'kind' | 'wanted'>): Promise<Got>
  close(): void
}

/** A caller that keeps its connections. `token` is what it is known by where a request says nothing else. */
export function callerOf(url: string, token: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false })
  return {
    ask: ({ method, path, type, body, headers }) =>
      new Promise((resolve, reject) => {
        const outgoing = request(`${url}${path}`, { method, agent }, (message) => {
          const chunks: Buffer[] = []
          message.on('data', (chunk: Buffer) => chunks.push(chunk))
          message.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            const isJson = message.headers['content-type']?.startsWith('application/json') === true
            resolve({ code: message.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text })
          })
        })
        outgoing.on('error', reject)
        const all = {
          Authorization: `Bearer ${token}`,
          ...(type !== undefined && { 'Content-Type': type }),
          ...headers,
        }
        for (const [name, value] of Object.entries(all)) if (value !== '') outgoing.setHeader(name, value)
        if (body !== undefined) outgoing.setHeader('Content-Length', Buffer.byteLength(body))
        outgoing.end(body)
      }),
    close: () => agent.destroy(),
  }
}
