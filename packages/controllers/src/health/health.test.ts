import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exposition } from './exposition.ts'
import { createHealth } from './health.ts'
import { serveHealth } from './server.ts'

/** Lines of the text format; whatever is none of them is refused, as Prometheus would refuse the whole answer. */
function samplesOf(text: string): Map<string, number> {
  assert.ok(text.endsWith('\n'))
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line)
    if (type) {
      assert.ok(!types.has(type[1] ?? ''), `${type[1]} is announced twice`)
      types.set(type[1] ?? '', type[2] ?? '')
    } else if (!/^# HELP \w+ [^\n]+$/.test(line)) {
      const sample = /^(\w+)(\{(?:\w+="(?:[^"\\]|\\["\\n])*",?)*\})? ([-+\d.e]+|\+Inf)$/.exec(line)
      assert.ok(sample, `not a line of the format: ${line}`)
      const name = (sample[1] ?? '').replace(/_(bucket|sum|count)$/, '')
      assert.ok(types.has(name) || types.has(sample[1] ?? ''), `${line} has no type`)
      const key = `${sample[1]}${sample[2] ?? ''}`
      assert.ok(!samples.has(key), `${key} is said twice`)
      samples.set(key, Number(sample[3]))
    }
  }
  return samples
}

test('what the controllers do is counted, each bucket with all that is faster', () => {
  const health = createHealth()
  health.looked('machine', 0.02, false)
  health.looked('machine', 2, true)
  health.called('dc1', 'GET', 200, 0.01)
  health.called('dc1', 'GET', undefined, 61)
  const samples = samplesOf(health.metrics())
  assert.equal(samples.get('fochista_reconcile_total{controller="machine",result="ok"}'), 1)
  assert.equal(samples.get('fochista_reconcile_total{controller="machine",result="error"}'), 1)
  const bucket = (le: string): number | undefined =>
    samples.get(`fochista_reconcile_duration_seconds_bucket{controller="machine",le="${le}"}`)
  assert.deepEqual(['0.005', '0.025', '1', '5', '+Inf'].map(bucket), [0, 1, 1, 2, 2])
  assert.equal(samples.get('fochista_reconcile_duration_seconds_sum{controller="machine"}'), 2.02)
  assert.equal(samples.get('fochista_proxmox_requests_total{proxmox="dc1",method="GET",code="none"}'), 1)
  assert.equal(samples.get('fochista_leader'), 0)
})

test('a label may hold anything', () => {
  const text = exposition([
    { name: 'a', help: 'b\nc', type: 'gauge', samples: [{ labels: { d: 'e"f\\g\nh' }, value: 1 }] },
  ])
  assert.equal(text, '# HELP a b\\nc\n# TYPE a gauge\na{d="e\\"f\\\\g\\nh"} 1\n')
})

test('who waits for the Lease is ready; who leads is ready once every first list is there', async () => {
  const health = createHealth()
  const server = await serveHealth(health, 0)
  try {
    const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
      return [response.status, await response.text()]
    }
    assert.deepEqual(await get('/readyz'), [200, 'ok\n'])
    const caches = { machines: { isReady: false }, nodepools: { isReady: true } }
    health.runs({
      caches,
      controllers: [{ name: 'machine', queue: { length: 3 } }],
      phases: () => ['Ready', 'Ready', 'Placed'],
      orphans: new Map([['dc1', 3]]),
    })
    assert.deepEqual(await get('/readyz'), [503, '[-] the first list of machines is not there yet\n'])
    assert.deepEqual(await get('/healthz'), [200, 'ok\n'])
    caches.machines.isReady = true
    assert.deepEqual(await get('/readyz?verbose'), [200, 'ok\n'])
    const [status, text] = await get('/metrics')
    const samples = samplesOf(text)
    assert.deepEqual(
      [
        status,
        samples.get('fochista_leader'),
        samples.get('fochista_queue_length{controller="machine"}'),
        samples.get('fochista_machines{phase="Ready"}'),
        samples.get('fochista_orphans{proxmox="dc1"}'),
        samples.get('fochista_informer_synced{kind="machines"}'),
      ],
      [200, 1, 3, 2, 3, 1],
    )
    assert.equal((await get('/secrets'))[0], 404)
    assert.equal((await get('/metrics', 'POST'))[0], 405)
  } finally {
    await server.stop()
  }
})

test('a port in use is said at once', async () => {
  const server = await serveHealth(createHealth(), 0)
  await assert.rejects(serveHealth(createHealth(), server.port), { code: 'EADDRINUSE' })
  await server.stop()
})
