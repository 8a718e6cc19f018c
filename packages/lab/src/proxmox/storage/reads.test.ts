import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepPowerHistory } from '../statistics/power.ts'
import { checkedWorld } from '../test-answers.ts'

test('what a storage holds is drawn, and what has no files inside is refused', async () => {
  const { ask, world } = checkedWorld()
  const storage = '/nodes/pve1/storage/local'
  const stop = keepPowerHistory(world)
  const graph = (await ask(`GET ${storage}/rrd`, { timeframe: 'hour', ds: 'total,used' })) as {
    filename: string
  }
  stop()
  assert.equal(graph.filename, '/var/lib/rrdcached/db/pve-storage-9.0/pve1/local_total_used.png')
  await assert.rejects(
    ask(`GET ${storage}/rrd`, { timeframe: 'hour', ds: 'nosuch' }),
    /No DS called 'nosuch'/,
  )
  // The name of a volume is asked for, without its storage.
  await assert.rejects(
    ask(`GET ${storage}/import-metadata`, { volume: 'local:import/x.qcow2' }),
    /unable to parse directory volume name 'local:import\/x.qcow2'/,
  )
  await assert.rejects(ask(`GET ${storage}/import-metadata`, { volume: 'import/x.qcow2' }), /invalid format/)
  await assert.rejects(
    ask(`GET ${storage}/file-restore/list`, { volume: 'local:iso/x.iso', filepath: '/' }),
    /unable to parse directory volume name 'iso\/x.iso'/,
  )
})
