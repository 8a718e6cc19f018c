import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLabClock } from '../../clock.ts'
import { createCall } from '../call.ts'
import { startBroadcast } from '../cluster/statistics.ts'
import { proxmoxHandlers } from '../handlers.ts'
import { newVm } from '../qemu/vm.ts'
import type { Params } from '../verify/params.ts'
import { createProxmoxWorld, type ProxmoxWorld } from '../world.ts'

const SPEED = 200

function cluster() {
  const world = createProxmoxWorld(createLabClock(SPEED))
  world.hosts.set('pve1', {
    name: 'pve1',
    id: 1,
    address: '192.0.2.11',
    online: true,
    cores: 4,
    memory: 8 * 1024 ** 3,
    bootedAt: 0,
  })
  for (const [vmid, onboot] of [
    [100, '1'],
    [101, '0'],
  ] as const)
    world.vms.set(vmid, newVm(vmid, 'pve1', { name: `vm${vmid}`, memory: '512', onboot }))
  const ask = (key: string, params: Params = {}): unknown =>
    proxmoxHandlers[key]?.(
      createCall({ world, contact: 'pve1' }, { user: 'root@pam' }, {}, { node: 'pve1', ...params }),
    )
  return { world, ask }
}

async function ended(world: ProxmoxWorld, upid: unknown): Promise<string | undefined> {
  const task = world.tasks.get(String(upid as string))
  await task?.done
  return task?.exitstatus
}

const running = (world: ProxmoxWorld): number[] =>
  [...world.vms.values()].filter((vm) => vm.running).map(({ vmid }) => vmid)

test('a host that reboots stops its guests and brings back those that start with it', async () => {
  const { world, ask } = cluster()
  for (const vmid of ['100', '101'])
    await ended(world, await ask('POST /nodes/{node}/qemu/{vmid}/status/start', { vmid }))
  assert.deepEqual(running(world), [100, 101])
  ask('POST /nodes/{node}/status', { command: 'reboot' })
  while (world.hosts.get('pve1')?.online) await world.clock.sleep(100)
  assert.deepEqual(running(world), [])
  while (!world.hosts.get('pve1')?.online || running(world).length === 0) await world.clock.sleep(1000)
  await world.clock.sleep(60_000)
  assert.deepEqual(running(world), [100])
})

test('guests that are named are started in one task, those without a name only with onboot', async () => {
  const { world, ask } = cluster()
  assert.equal(await ended(world, ask('POST /nodes/{node}/startall')), 'OK')
  assert.deepEqual(running(world), [100])
  assert.equal(
    await ended(world, ask('POST /cluster/bulk-action/guest/start', { vms: ['100', '101'] })),
    'OK',
  )
  assert.deepEqual(running(world), [100, 101])
})

test('resources show what was broadcast last, a new guest at once and unknown', async () => {
  const { world, ask } = cluster()
  const status = (vmid: number): unknown =>
    (ask('GET /cluster/resources', { type: 'vm' }) as { vmid: number; status: string }[]).find(
      (each) => each.vmid === vmid,
    )?.status
  const stop = startBroadcast(world)
  assert.equal(status(101), 'stopped')
  world.vms.set(102, newVm(102, 'pve1', {}))
  assert.equal(status(102), 'unknown')
  while (status(102) === 'unknown') await world.clock.sleep(1000)
  assert.equal(status(102), 'stopped')
  stop()
  await ended(world, await ask('POST /nodes/{node}/qemu/{vmid}/status/start', { vmid: '101' }))
  assert.equal(status(101), 'stopped')
})
