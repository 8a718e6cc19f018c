import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ports that a system gives to whoever asks for any, on Linux and elsewhere. */
const LOWEST = 10_000
const BEYOND = 30_000

/**
 * A free port that nobody else gets by chance while its server is down, as one may that the system chose.
 * @throws Error when none is found.
 */
export async function lastingPort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = randomInt(LOWEST, BEYOND)
    if (await isFree(port, host)) return port
  }
  throw new Error(`no port of ${host} between ${LOWEST} and ${BEYOND} is free`)
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
