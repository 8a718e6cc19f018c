import { request } from 'node:https'

/** A server of the lab that is thrown at. */
export interface Server {
  /** `kubernetes`, `tenant` or `proxmox`. */
  name: string
  host: string
  port: number
  /** Header that makes the caller known. */
  authorization: string
  /** A path that anybody may read and that is answered at once. */
  healthy: string
  /** What tells the API that the server has. */
  speaks: 'kubernetes' | 'proxmox'
}

/** A whole answer. */
export interface Answer {
  status: number
  body: string
}

/** Sends a request as it should be and resolves to its answer. Rejects after a minute. */
export function call(
  { host, port, authorization }: Server,
  method: string,
  path: string,
  body?: { type: string; text: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host,
        port,
        method,
        path,
        rejectUnauthorized: false,
        agent: false,
        headers: {
          authorization,
          ...(body === undefined
            ? {}
            : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) }),
        },
        signal: AbortSignal.timeout(60_000),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        )
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body?.text)
  })
}
