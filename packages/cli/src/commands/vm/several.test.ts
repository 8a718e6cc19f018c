import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLab } from '@fochista/lab'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo, type TestIo } from '../../test-io.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 10 })
after(() => lab.stop())

function start(line: string): { io: TestIo; stop: AbortController; code: Promise<number> } {
  const io = testIo()
  const stop = new AbortController()
  const code = runLine(line.split(' '), io, stop.signal, (given, signal, flags) =>
    createContext(given, signal, flags, { ...lab.environment, HOME: '/nonexistent' }),
  )
  return { io, stop, code }
}

async function ok(line: string): Promise<TestIo> {
  const { io, code } = start(line)
  assert.equal(await code, 0, io.stderr)
  return io
}

test('several VMs are acted on at once, by name and by VMID, with a line of progress each', async () => {
  for (const vmid of [700, 701, 702]) await ok(`vm create pve1 vmid=${vmid} name=web-${vmid} memory=512`)
  const { stderr } = await ok('vm start web-700 701 web-702 --wait')
  for (const name of ['700 (web-700)', '701 (web-701)', '702 (web-702)'])
    assert.ok(stderr.includes(`${name}: OK - qmstart\n`), stderr)
  const upids = (await ok('vm stop 700 web-701 702 --yes --no-wait')).stdout
  assert.match(upids, /^(UPID:pve1:\S+:qmstop:70\d:\S+\n){3}$/)
  for (const upid of upids.trim().split('\n')) await ok(`task wait ${upid}`)
  const both = start('vm start 700 --wait --no-wait')
  assert.equal(await both.code, 1)
  assert.match(both.io.stderr, /opposites/)
})

test('Ctrl-C stops the waiting and not the task, and says how to follow it', async () => {
  // However late Ctrl-C comes, the clone is still under way.
  await lab.faults.add({
    on: { backEnd: 'proxmox', task: 'qmclone' },
    what: { kind: 'task-hangs', at: 'before' },
  })
  const { io, stop, code } = start('vm clone 9000 newid=710 name=copy full=1')
  for (let tries = 0; tries < 3000 && !io.stderr.includes('qmclone'); tries += 1) await sleep(20)
  stop.abort()
  assert.equal(await code, 2, io.stderr)
  await lab.faults.clear()
  const [, upid = ''] = /goes on; follow it with:\n {2}fochista task wait (UPID:\S+)\n/.exec(io.stderr) ?? []
  assert.match(upid, /:qmclone:9000:/)
  const waited = await ok(`task wait ${upid}`)
  assert.match(waited.stderr, /: OK - qmclone\n$/)
  assert.match((await ok('vm list')).stdout, /^ *710 /m)
})
