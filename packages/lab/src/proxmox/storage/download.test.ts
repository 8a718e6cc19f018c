import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { testWorld } from '../qemu/test-world.ts'

const IMAGE = Buffer.alloc(300_000, 'image')
const URL_CALL = 'POST /nodes/pve1/storage/local/download-url'

async function site(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/a.iso')
      response
        .writeHead(200, { 'content-type': 'application/x-iso9660-image', 'content-length': IMAGE.length })
        .end(request.method === 'HEAD' ? undefined : IMAGE)
    else if (request.url === '/moved') response.writeHead(302, { location: '/a.iso' }).end()
    else if (request.url === '/a.iso.gz') response.end(gzipSync(IMAGE))
    else if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 1000 }).write('half')
      setTimeout(() => response.destroy(), 20)
    } else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a host fetches an image, follows redirections, checks its sum and unpacks it', async (t) => {
  const lab = testWorld()
  const base = await site(t)
  const sum = createHash('sha256').update(IMAGE).digest('hex')
  const wanted = { content: 'iso', filename: 'one.iso', 'checksum-algorithm': 'sha256', checksum: sum }
  const task = await lab.task(URL_CALL, { ...wanted, url: `${base}/moved` })
  assert.equal(task.exitstatus, 'OK', task.log.join('\n'))
  assert.match(
    task.log.join('\n'),
    /awaiting response\.\.\. 200 OK\nLength: 300000 .*100%.*OK, checksum verified/s,
  )
  const stored = [...lab.world.volumes.values()].find(({ volid }) => volid === 'local:iso/one.iso')
  assert.ok(stored?.data && IMAGE.equals(Buffer.from(stored.data)))
  const again = await lab.task(URL_CALL, { ...wanted, url: `${base}/a.iso` })
  assert.ok(again.log.includes('OK, got correct file already, no need to download'))
  const plain = { content: 'iso', url: `${base}/a.iso.gz`, filename: 'two.iso', compression: 'gz' }
  assert.equal((await lab.task(URL_CALL, plain)).exitstatus, 'OK')
  assert.equal(
    (await lab.task(URL_CALL, plain)).exitstatus,
    "refusing to override existing file '/var/lib/vz/template/iso/two.iso'",
  )
  assert.deepEqual(await lab.call('GET /nodes/pve1/query-url-metadata', { url: `${base}/a.iso` }), {
    filename: 'a.iso',
    size: IMAGE.length,
    mimetype: 'application/x-iso9660-image',
  })
})

test('what cannot be fetched leaves nothing, and the task says why', async (t) => {
  const lab = testWorld()
  const base = await site(t)
  const failure = async (changes: Record<string, string>): Promise<string> =>
    (await lab.task(URL_CALL, { content: 'iso', filename: 'x.iso', ...changes })).exitstatus ?? ''
  assert.match(await failure({ url: `${base}/nope` }), /^download failed: .* ERROR 404: Not Found\.$/)
  assert.match(
    await failure({ url: 'http://127.0.0.1:1/x' }),
    /^download failed: Connecting to 127\.0\.0\.1:1\.\.\. failed: Connection refused\.$/,
  )
  assert.match(await failure({ url: 'http://192.0.2.99/x' }), /failed: No route to host\.$/)
  assert.match(await failure({ url: `${base}/cut` }), /^download failed: Connection closed at byte 4\.$/)
  const wrong = { url: `${base}/a.iso`, checksum: 'ab'.repeat(32), 'checksum-algorithm': 'sha256' }
  assert.match(await failure(wrong), /^checksum mismatch: got '.*' != expect 'abab/)
  const storage = lab.world.storages.get('local')
  assert.ok(storage)
  storage.usedByOthers = storage.capacity - 1000
  assert.match(await failure({ url: `${base}/a.iso` }), /No space left on device$/)
  assert.equal(lab.world.volumes.size, 0)
  await assert.rejects(
    lab.call('GET /nodes/pve1/query-url-metadata', { url: `${base}/nope` }),
    /invalid server response: '404 Not Found'/,
  )
})
