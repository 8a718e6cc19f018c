import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { Pool } from 'undici'
import { createDeadline } from '../deadline.ts'
import { createEndpoints } from '../endpoints.ts'
import { requestOn } from '../request.ts'
import { listen } from '../test-server.ts'

// What we make of an answer is judged by a client of others, which reads the same bytes. The draws are the same each time.

/** Answers whatever is asked with these bytes, in pieces, and closes. Resolves to what asks with our client and with undici. */
async function served(t: TestContext): Promise<{
  says: (pieces: readonly Buffer[]) => void
  ours: () => Promise<unknown>
  theirs: () => Promise<unknown>
}> {
  let pieces: readonly Buffer[] = []
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    socket.on('error', () => {}).once('data', () => void write(socket))
  })
  const write = async (socket: Socket): Promise<void> => {
    for (const piece of pieces) {
      socket.write(piece)
      await new Promise(setImmediate)
    }
    socket.end()
  }
  const origin = `http://127.0.0.1:${await listen(server)}`
  t.after(() => server.close())
  return {
    says: (next) => (pieces = next),
    // A client of its own for each: nothing of an answer before may be left on a connection.
    ours: async () => {
      const [endpoint] = createEndpoints([origin], undefined, 1, 60_000)
      const deadline = createDeadline({ method: 'GET', path: '/' }, 60_000, undefined)
      try {
        const asked = { method: 'GET', path: '/', headers: {}, deadline, maxBytes: 100_000 }
        const { status, text } = await requestOn(endpoint, asked)
        return [status, text]
      } finally {
        deadline.end()
        endpoint.pool.destroy()
      }
    },
    theirs: async () => {
      const pool = new Pool(origin, { connections: 1, allowH2: false })
      try {
        const { statusCode, body } = await pool.request({ method: 'GET', path: '/' })
        return [statusCode, Buffer.from(await body.arrayBuffer()).toString('utf8')]
      } finally {
        await pool.destroy()
      }
    },
  }
}

const header = fc.constantFrom('Server: pve', 'X-Empty:', 'Connection: close', 'Expires:  Mon, 23 Nov 2026')
const text = fc.string({ maxLength: 300 })

/** A good answer, its body by length, in chunks, or to the end of the connection. */
const good = fc
  .record({
    status: fc.constantFrom(200, 201, 400, 403, 500, 595),
    reason: fc.constantFrom('', ' OK', ' Parameter verification failed.', ' a  b'),
    headers: fc.array(header, { maxLength: 4 }),
    interim: fc.boolean(),
    framing: fc.constantFrom('length', 'chunks', 'end'),
    parts: fc.array(text, { maxLength: 4 }),
  })
  .map(({ status, reason, headers, interim, framing, parts }) => {
    const lines = headers.map((line) => `${line}\r\n`).join('')
    const body = parts.join('')
    const chunks = parts
      .filter((part) => part !== '')
      .map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`)
    const rest = {
      length: `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      chunks: `Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`,
      end: `\r\n${body}`,
    }[framing]
    return Buffer.from(
      `${interim ? 'HTTP/1.1 103 Early Hints\r\n\r\n' : ''}HTTP/1.1 ${status}${reason}\r\n${lines}${rest}`,
    )
  })

/** Cuts bytes into pieces at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...ends].map((begin, index) => bytes.subarray(begin, ends[index] ?? bytes.length))
}

const places = fc.array(fc.nat(2000), { maxLength: 5 })

test('a good answer is read as undici reads it, however it comes', async (t) => {
  const { says, ours, theirs } = await served(t)
  await fc.assert(
    fc.asyncProperty(good, places, async (bytes, at) => {
      says(cut(bytes, at))
      assert.deepEqual(await ours(), await theirs())
    }),
    { seed: 1, numRuns: 100 },
  )
})

test('a spoiled answer is refused, or read as undici reads it', async (t) => {
  const { says, ours, theirs } = await served(t)
  const refused = Symbol('refused')
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(good, fc.nat(150), fc.nat(255), places, async (bytes, where, byte, at) => {
      const spoiled = Buffer.from(bytes)
      spoiled[where % spoiled.length] = byte
      says(cut(spoiled, at))
      const mine = await ours().catch(() => refused)
      if (mine === refused) refusals += 1
      const their = await theirs().catch(() => refused)
      if (mine !== refused && their !== refused) assert.deepEqual(mine, their)
    }),
    { seed: 2, numRuns: 200 },
  )
  assert.ok(refusals > 0 && refusals < 200, `${refusals} of 200 were refused`)
})
