import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isPermissionDenied } from './failures.ts'
import { answer, connect, deadAddress, failureOf, refuse, serve } from './test-server.ts'
import type { UploadOptions } from './upload.ts'

const upid = 'UPID:pve1:0000A1B2:0012D687:690F3C21:imgcopy::fochista@pve!test:'
const bytes = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 31) % 251)
const sha256 = createHash('sha256').update(bytes).digest('hex')
const target = { node: 'pve1', storage: 'local', content: 'iso', filename: 'seed-1.iso' } as const

async function* pieces(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += 100_000) yield data.subarray(at, at + 100_000)
}

/** Reads a form as pveproxy does: fields first, the file last. */
function readForm(body: Buffer, contentType: string): { fields: [string, string][]; file: Buffer } {
  const boundary = /^multipart\/form-data; boundary=([^";]+)$/.exec(contentType)?.[1] ?? 'none'
  const text = body.toString('latin1')
  const fields = [...text.matchAll(/form-data; name="([\w-]+)"\r\n\r\n(.*?)\r\n/g)].map(
    ([, name = '', value = '']): [string, string] => [name, value],
  )
  const begin = text.indexOf('\r\n\r\n', text.indexOf('name="filename"; filename="seed-1.iso"')) + 4
  const end = text.indexOf(`\r\n--${boundary}--\r\n`, begin)
  assert.ok(begin > 4 && end === body.length - boundary.length - 8)
  return { fields, file: body.subarray(begin, end) }
}

test('bytes, a file and a stream are sent alike: fields first, the file last, with a length', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, upid))
  const folder = await mkdtemp(join(tmpdir(), 'fochista-upload-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'seed.iso')
  await writeFile(file, bytes)
  const proxmox = connect(t, url)
  const sources: Pick<UploadOptions, 'data' | 'checksum'>[] = [
    { data: bytes, checksum: { algorithm: 'sha256' } },
    { data: { file }, checksum: { algorithm: 'sha256' } },
    { data: { stream: pieces(bytes), size: bytes.length }, checksum: { algorithm: 'sha256', value: sha256 } },
  ]
  for (const source of sources) assert.equal(await proxmox.upload({ ...target, ...source }), upid)
  for (const { path, body, headers } of seen) {
    assert.equal(path, '/api2/json/nodes/pve1/storage/local/upload')
    assert.equal(headers['content-length'], String(body.length))
    assert.equal(headers['transfer-encoding'], undefined)
    const form = readForm(body, headers['content-type'] ?? '')
    assert.deepEqual(form.fields, [
      ['content', 'iso'],
      ['checksum-algorithm', 'sha256'],
      ['checksum', sha256],
    ])
    assert.ok(form.file.equals(bytes))
  }
  assert.equal(seen.length, 3)
})

test('progress grows to the whole', async (t) => {
  const { url } = await serve(t, (_, response) => answer(response, upid))
  const told: number[] = []
  await connect(t, url).upload({
    ...target,
    data: bytes,
    onProgress: (sent, total) => told.push(sent / total),
  })
  assert.ok(told.length >= 3)
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  )
  assert.equal(told.at(-1), 1)
})

test('a stream that is not as long as announced ends the upload with an error, and no whole form is sent', async (t) => {
  for (const size of [bytes.length - 1, bytes.length + 1]) {
    const { url, seen } = await serve(t, (_, response) => answer(response, upid))
    const error = await failureOf(
      connect(t, url).upload({ ...target, data: { stream: pieces(bytes), size } }),
    )
    assert.ok(error instanceof RangeError, String(error))
    assert.equal(seen.length, 0)
  }
})

test('what the caller’s stream throws is what the upload throws', async (t) => {
  const { url } = await serve(t, (_, response) => answer(response, upid))
  const broken = new Error('disk gone')
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield bytes
    throw broken
  }
  assert.equal(
    await failureOf(
      connect(t, url).upload({ ...target, data: { stream: stream(), size: 2 * bytes.length } }),
    ),
    broken,
  )
})

test('a refusal that comes before the body is read is that refusal, not a broken pipe', async (t) => {
  const { url } = await serve(
    t,
    (_, response) =>
      refuse(response, 403, 'Permission check failed (/storage/local, Datastore.AllocateTemplate)'),
    { readBody: false },
  )
  const large = new Uint8Array(20_000_000)
  assert.ok(isPermissionDenied(await failureOf(connect(t, url).upload({ ...target, data: large }))))
})

test('an expired ticket does not cost an upload of bytes or of a file; a stream cannot be sent twice', async (t) => {
  const handler = () => {
    let tickets = 0
    return serve(t, ({ path, headers }, response) => {
      if (path.endsWith('/ticket'))
        return answer(response, { ticket: `T${(tickets += 1)}`, CSRFPreventionToken: 'c' })
      return headers.cookie?.endsWith('=T2')
        ? answer(response, upid)
        : refuse(response, 401, 'Authentication failed!')
    })
  }
  const credentials = { username: 'root@pam', password: 'x' }
  const replayed = await handler()
  assert.equal(await connect(t, replayed.url, { credentials }).upload({ ...target, data: bytes }), upid)
  assert.equal(replayed.seen.at(-1)?.body.length, replayed.seen.at(-3)?.body.length)
  const once = await handler()
  const error = await failureOf(
    connect(t, once.url, { credentials }).upload({
      ...target,
      data: { stream: pieces(bytes), size: bytes.length },
    }),
  )
  assert.match(error.message, /failed with 401/)
})

test('an upload goes to the next endpoint when the first cannot be reached, a stream too', async (t) => {
  const { url, seen } = await serve(t, (_, response) => answer(response, upid))
  const data = { stream: pieces(bytes), size: bytes.length }
  assert.equal(await connect(t, [deadAddress(), url]).upload({ ...target, data }), upid)
  assert.ok(
    readForm(seen[0]?.body ?? Buffer.alloc(0), seen[0]?.headers['content-type'] ?? '').file.equals(bytes),
  )
})

test('an upload can be aborted', async (t) => {
  const { url } = await serve(t, () => {}, { readBody: false })
  const controller = new AbortController()
  const reason = new Error('enough')
  const upload = connect(t, url).upload({
    ...target,
    data: new Uint8Array(50_000_000),
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  })
  assert.equal(await failureOf(upload), reason)
})

test('a size that is no count of bytes is refused, as is a path that leads elsewhere', async (t) => {
  const proxmox = connect(t, 'https://127.0.0.1:1')
  for (const size of [Number.NaN, -1, 1.5])
    await assert.rejects(
      proxmox.upload({ ...target, data: { stream: pieces(bytes), size } }),
      /^TypeError: data\.size: /,
    )
  await assert.rejects(
    proxmox.upload({ ...target, node: '..', data: bytes }),
    /^TypeError: .*"node" may not be/,
  )
})

test('a file name that Proxmox would change is refused', async (t) => {
  const proxmox = connect(t, 'https://127.0.0.1:1')
  for (const filename of ['a b.iso', 'a+b.iso', '../a.iso', 'a"\r\n.iso', '', 'x'.repeat(256)])
    await assert.rejects(proxmox.upload({ ...target, filename, data: bytes }), /^TypeError: filename: /)
})
