import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { exportLines, readLabRecord, removeLabRecord, writeLabRecord } from './environment-file.ts'

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-record-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'fochista', 'lab.json')
}

/** The address of something that listens, until the test ends. */
async function listener(t: TestContext): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const record = (url: string, pid = process.pid) => ({
  pid,
  started: new Date(0).toISOString(),
  speed: 20,
  environment: { KAMAJI_URL: url, KAMAJI_TOKEN: 'secret' },
})

test('a running lab is found by its record, which only its user may read', async (t) => {
  const path = await place(t)
  const written = record(await listener(t))
  await writeLabRecord(written, path)
  assert.deepEqual(await readLabRecord(path), written)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
})

test('no lab runs where there is no record, a broken one, one of a dead process, or one whose API is gone', async (t) => {
  const path = await place(t)
  const none = /no lab is running/
  await assert.rejects(readLabRecord(path), none)
  const url = await listener(t)
  // No process has this number: it is beyond the highest that Linux gives out.
  await writeLabRecord(record(url, 2 ** 22 + 1), path)
  await assert.rejects(readLabRecord(path), none)
  await writeLabRecord(record('https://127.0.0.1:1'), path)
  await assert.rejects(readLabRecord(path), none)
  await writeFile(path, '{"pid": ')
  await assert.rejects(readLabRecord(path), none)
})

test('a lab that ends removes its own record and no other', async (t) => {
  const path = await place(t)
  await writeLabRecord(record(await listener(t)), path)
  await removeLabRecord(process.pid + 1, path)
  assert.equal((await readLabRecord(path)).pid, process.pid)
  await removeLabRecord(process.pid, path)
  await assert.rejects(readLabRecord(path), /no lab is running/)
  await removeLabRecord(process.pid, path)
})

test('values keep their quotes in a shell', () => {
  assert.deepEqual(exportLines({ A: "it's $HOME" }), [String.raw`export A='it'\''s $HOME'`])
})
