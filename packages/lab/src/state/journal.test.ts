import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Storage } from '../kubernetes/store/storage.ts'
import { decode, encode } from './codec.ts'
import { Journal, JournalError } from './journal.ts'
import { EntryMap, observe } from './observe.ts'
import { own, StateInUseError } from './owner.ts'

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-journal-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('what was put is there when it is opened again, in groups that are whole or absent', async (t) => {
  const folder = await place(t)
  const journal = new Journal(folder)
  journal.put([
    ['a', '1'],
    ['b', '{"x":[null,"ü\\n"]}'],
  ])
  journal.put([
    ['a', undefined],
    ['c', '3'],
  ])
  // Not closed: a process that is killed does not either.
  const size = (await stat(join(folder, 'journal'))).size
  for (let cut = 0; cut <= 25; cut++) {
    const copy = await place(t)
    await writeFile(join(copy, 'journal'), await readFile(join(folder, 'journal')))
    await truncate(join(copy, 'journal'), size - cut)
    const again = new Journal(copy)
    const found = Object.fromEntries(again.entries(''))
    again.close()
    if (cut === 0) assert.deepEqual(found, { b: { x: [null, 'ü\n'] }, c: 3 })
    // The second group is one line of 25 bytes: whatever is cut of it, all of it is gone.
    else assert.deepEqual(found, { a: 1, b: { x: [null, 'ü\n'] } }, `cut by ${cut}`)
  }
  journal.close()
})

test('damage before the last line is refused, not read over', async (t) => {
  const folder = await place(t)
  const journal = new Journal(folder)
  journal.put([['a', '1']])
  journal.put([['b', '2']])
  journal.close()
  const path = join(folder, 'journal')
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('["a",1]', '["a",7]'))
  assert.throws(
    () => new Journal(folder),
    (error: Error) => error instanceof JournalError && /is damaged in line 2/.test(error.message),
  )
  await writeFile(path, 'something else\n')
  assert.throws(() => new Journal(folder), /is no state of a lab/)
  await appendFile(path, '')
})

test('what a full disk refuses is not there, and what it takes afterwards is', async (t) => {
  const folder = await place(t)
  const script = `
    import { Journal } from ${JSON.stringify(new URL('./journal.ts', import.meta.url).href)}
    const journal = new Journal(${JSON.stringify(folder)})
    journal.put([['small', '1']])
    try {
      journal.put([['large', JSON.stringify('x'.repeat(1_000_000))]])
    } catch (error) {
      journal.put([['after', JSON.stringify(error.code)]])
    }`
  // A file of this process may have so many blocks, as on a disk with no more room.
  const line = 'ulimit -f 100; exec "$0" --disable-warning=ExperimentalWarning --input-type=module -e "$1"'
  const { status, stderr } = spawnSync('sh', ['-c', line, process.execPath, script], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const journal = new Journal(folder)
  assert.deepEqual(Object.fromEntries(journal.entries('')), { small: 1, after: 'EFBIG' })
  journal.close()
})

test('a journal that is written over and over does not grow without end', async (t) => {
  const folder = await place(t)
  const journal = new Journal(folder)
  const value = JSON.stringify('x'.repeat(1024 * 1024))
  for (let n = 0; n < 100; n++) journal.put([['big', value.replace('x', String(n % 10))]])
  assert.ok((await stat(join(folder, 'journal'))).size < 40 * 1024 * 1024)
  journal.close()
  const again = new Journal(folder)
  assert.equal(String(again.get('big')).length, 1024 * 1024)
  again.close()
})

test('maps, sets, bytes and undefined survive', () => {
  const value = {
    pending: new Map<string, unknown>([
      ['cores', '4'],
      ['net1', undefined],
    ]),
    vms: new Set([1, 2]),
    data: Buffer.from([0, 255]),
    nested: [{ deep: new Map([['a', new Set(['b'])]]) }],
  }
  assert.deepEqual(decode(JSON.parse(encode(value))), value)
})

test('every change inside an entry is told, and only of what counts', () => {
  const told: string[] = []
  const map = new EntryMap(
    [
      [
        'vm',
        {
          config: { a: '1' } as Record<string, string>,
          pending: new Map<string, string>(),
          console: '',
          list: [1],
        },
      ],
    ],
    { changed: (key) => told.push(key), except: new Set(['console']) },
  )
  const vm = map.get('vm')
  assert.ok(vm)
  const change = (what: () => void): number => {
    told.length = 0
    what()
    return told.length
  }
  assert.equal(
    change(() => (vm.console = 'text')),
    0,
  )
  assert.equal(
    change(() => (vm.config['a'] = '2')),
    2 - 1,
  )
  assert.equal(
    change(() => delete vm.config['a']),
    1,
  )
  assert.equal(
    change(() => vm.pending.set('x', 'y')),
    1,
  )
  assert.ok(change(() => vm.list.push(2)) > 0)
  assert.ok(change(() => (vm.config = { b: '3' })) > 0)
  assert.equal(
    change(() => (vm.config['b'] = '4')),
    1,
  )
  assert.equal(map.get('vm'), vm)
  assert.deepEqual([...vm.pending], [['x', 'y']])
  const set = observe(new Set(['a']), { changed: () => told.push('set') })
  assert.equal(
    change(() => set.add('b')),
    1,
  )
  assert.deepEqual([...set], ['a', 'b'])
})

test('a state belongs to one lab at a time; that of a process that is gone is free', async (t) => {
  const folder = await place(t)
  const disown = own(folder)
  assert.throws(
    () => own(folder),
    (error: Error) => error instanceof StateInUseError && error.pid === process.pid,
  )
  disown()
  const { pid } = spawnSync('true')
  await writeFile(join(folder, 'owner'), `${pid} 123\n`)
  own(folder)()
})

test('objects put back have their revisions, and nobody resumes from before', () => {
  const storage = new Storage()
  const key = { bucket: '/configmaps', namespace: 'default', name: 'a' }
  storage.restore(500, [
    { key, object: { metadata: { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '400' } } },
  ])
  assert.equal(storage.get(key)?.metadata.resourceVersion, '400')
  for (const bucket of ['/configmaps', '/secrets'])
    assert.throws(() => storage.watch(bucket, 450, () => {}), /too old resource version: 450 \(500\)/)
  storage.watch('/configmaps', 500, () => {})()
  const next = storage.put({ ...key, name: 'b' }, { metadata: { name: 'b', namespace: 'default', uid: 'v' } })
  assert.ok(Number(next.metadata.resourceVersion) > 500)
})
