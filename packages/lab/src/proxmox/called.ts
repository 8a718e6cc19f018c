import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names the folder in which each process with a lab writes which calls its handlers answered; unset, nobody writes anything. */
const VARIABLE = 'FOCHISTA_CALLED'

const seen = new Set<string>()

/** Remembers that a handler answered a call, `GET /nodes/{node}/status`: a line of a file of this process, at its first time. */
export function noteCalled(key: string): void {
  const folder = process.env[VARIABLE]
  if (!folder || seen.has(key)) return
  seen.add(key)
  // A process that is killed has written what it answered before.
  appendFileSync(join(folder, `${process.pid}.txt`), `${key}\n`)
}
