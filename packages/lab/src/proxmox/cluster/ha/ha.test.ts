import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld, type Ask } from '../../test-answers.ts'
import { stopVm } from '../../world.ts'
import { keepManaging } from './manager.ts'
import type { TestWorld } from '../../qemu/test-world.ts'

const RESOURCES = '/cluster/ha/resources'
const RULES = '/cluster/ha/rules'
const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>

/** A cluster with VMs 100 and 101 on pve1, of which 100 is managed. */
async function managed(state = 'stopped'): Promise<TestWorld & { ask: Ask }> {
  const lab = checkedWorld()
  for (const vmid of ['100', '101']) await lab.task('POST /nodes/pve1/qemu', { vmid, scsi0: 'shared:1' })
  await lab.ask(`POST ${RESOURCES}`, { sid: 'vm:100', max_restart: '2', comment: 'first', state })
  return lab
}

test('a resource is made, shown in three places, changed and removed', async () => {
  const { ask } = await managed('started')
  const { digest, ...resource } = (await ask(`GET ${RESOURCES}/vm:100`)) as Facts
  assert.deepEqual(resource, {
    sid: 'vm:100',
    type: 'vm',
    max_restart: 2,
    comment: 'first',
    state: 'started',
  })
  const vm = (await ask('GET /nodes/pve1/qemu/100/status/current')) as Facts
  assert.deepEqual(vm['ha'], { managed: 1, state: 'started' })
  // A bare number is that of a guest.
  await ask(`PUT ${RESOURCES}/100`, { state: 'stopped', delete: 'comment', digest: String(digest) })
  const changed = (await ask(`GET ${RESOURCES}/vm:100`)) as Facts
  assert.deepEqual([changed['state'], changed['comment']], ['stopped', undefined])
  const current = (await ask('GET /cluster/ha/status/current')) as Facts[]
  assert.equal(current.find(({ id }) => id === 'service:vm:100')?.['state'], 'stopped')
  const manager = (await ask('GET /cluster/ha/status/manager_status')) as { manager_status: Facts }
  assert.deepEqual(manager.manager_status['service_status'], { 'vm:100': { node: 'pve1', state: 'stopped' } })
  assert.deepEqual(await ask(`GET ${RESOURCES}`, { type: 'ct' }), [])
  await ask(`DELETE ${RESOURCES}/vm:100`)
  assert.deepEqual(await ask(`GET ${RESOURCES}`), [])
})

test('what is no resource, or is one already, is refused', async () => {
  const { ask } = await managed()
  const { digest } = (await ask(`GET ${RESOURCES}/vm:100`)) as { digest: string }
  await ask(`PUT ${RESOURCES}/vm:100`, { state: 'started' })
  const refusals: [request: string, params: Record<string, string>, message: string][] = [
    [
      `POST ${RESOURCES}`,
      { sid: 'vm:100' },
      "create resource failed: resource ID 'vm:100' already defined\n",
    ],
    [`POST ${RESOURCES}`, { sid: 'vm:777' }, "resource 'vm:777' does not exist in cluster\n"],
    [`GET ${RESOURCES}/vm:777`, {}, "no such resource 'vm:777'\n"],
    [`PUT ${RESOURCES}/vm:777`, { state: 'stopped' }, "update resource failed: no such resource 'vm:777'\n"],
    [
      `PUT ${RESOURCES}/vm:100`,
      { state: 'stopped', digest },
      'update resource failed: detected modified configuration - file changed by other user? Try again.\n',
    ],
    [`PUT ${RESOURCES}/vm:100`, { delete: 'nosuch' }, "update resource failed: no such option 'nosuch'\n"],
    [
      `PUT ${RESOURCES}/vm:100`,
      { state: 'stopped', delete: 'state' },
      "update resource failed: cannot set and delete property 'state' at the same time!\n",
    ],
    [`DELETE ${RESOURCES}/vm:777`, {}, "cannot delete service 'vm:777', not HA managed!\n"],
    ['POST /cluster/ha/resources/vm:777/migrate', { node: 'pve2' }, "no such resource 'vm:777'\n"],
    ['POST /cluster/ha/resources/vm:100/migrate', { node: 'pve9' }, "node 'pve9' does not exist\n"],
    [
      'DELETE /nodes/pve1/qemu/100',
      {},
      'unable to remove VM 100 - used in HA resources and purge parameter not set.\n',
    ],
  ]
  for (const [request, params, message] of refusals)
    await assert.rejects(ask(request, params), { status: 500, message })
  await assert.rejects(ask(`PUT ${RESOURCES}/vm:100`, { state: 'gone' }), { status: 400 })
  await assert.rejects(ask(`POST ${RESOURCES}`, { sid: 'vm:101' }, NOBODY), { status: 403 })
  for (const [method, path] of [
    ['GET', ''],
    ['POST', ''],
    ['GET', '/gone'],
    ['PUT', '/gone'],
    ['DELETE', '/gone'],
  ] as const)
    await assert.rejects(
      ask(`${method} /cluster/ha/groups${path}`, method === 'POST' ? { group: 'gone', nodes: 'pve1' } : {}),
      {
        status: 500,
        message:
          /^cannot (?:index groups|(?:create|read|update|delete) group): ha groups have been migrated to rules\n$/,
      },
    )
})

test('a rule names resources and hosts that there are, and forgets those that go', async () => {
  const { ask } = await managed()
  await ask(`POST ${RESOURCES}`, { sid: 'vm:101' })
  const affinity = { type: 'node-affinity', resources: 'vm:100', nodes: 'pve1:2,pve2' }
  await ask(`POST ${RULES}`, { rule: 'near', ...affinity, strict: '1' })
  await ask(`POST ${RULES}`, {
    rule: 'apart',
    type: 'resource-affinity',
    resources: 'vm:100,vm:101',
    affinity: 'negative',
  })
  const one = (await ask(`GET ${RULES}/near`)) as Facts
  assert.deepEqual([one['type'], one['strict'], one['nodes']], ['node-affinity', 1, 'pve1:2,pve2'])
  assert.deepEqual(
    ((await ask(`GET ${RULES}`, { resource: 'vm:101' })) as Facts[]).map(({ rule }) => rule),
    ['apart'],
  )
  const refusals: [request: string, params: Record<string, string>, message: string | RegExp][] = [
    [
      `POST ${RULES}`,
      { rule: 'near', ...affinity },
      "create ha rule failed: HA rule 'near' already defined\n",
    ],
    [
      `POST ${RULES}`,
      { rule: 'other', type: 'node-affinity', resources: 'vm:101' },
      "create ha rule failed: missing value for required option 'nodes'\n",
    ],
    [
      `POST ${RULES}`,
      { rule: 'other', ...affinity, resources: 'vm:999' },
      'create ha rule failed: cannot use unmanaged resource(s) vm:999.\n',
    ],
    [
      `POST ${RULES}`,
      { rule: 'other', ...affinity, resources: 'vm:101', nodes: 'pve9' },
      'create ha rule failed: cannot use non-existing node(s) pve9.\n',
    ],
    [
      `POST ${RULES}`,
      { rule: 'other', ...affinity, affinity: 'positive' },
      "create ha rule failed: unexpected property 'affinity'\n",
    ],
    [`POST ${RULES}`, { rule: 'other', ...affinity }, /Parameter verification failed/],
    [`PUT ${RULES}/near`, { type: 'resource-affinity' }, /Parameter verification failed/],
    [
      `PUT ${RULES}/near`,
      { type: 'node-affinity', delete: 'nodes' },
      "update ha rule failed: unable to delete required option 'nodes'\n",
    ],
    [`GET ${RULES}/nosuch`, {}, "no such ha rule 'nosuch'\n"],
    [`DELETE ${RULES}/nosuch`, {}, "delete ha rule failed: no such ha rule 'nosuch'\n"],
  ]
  for (const [request, params, message] of refusals) await assert.rejects(ask(request, params), { message })
  await ask(`PUT ${RULES}/near`, { type: 'node-affinity', comment: 'ours', delete: 'strict' })
  await ask(`DELETE ${RESOURCES}/vm:100`)
  assert.deepEqual(
    ((await ask(`GET ${RULES}`)) as Facts[]).map(({ rule, resources }) => [rule, resources]),
    [['apart', 'vm:101']],
  )
  await ask(`DELETE ${RULES}/apart`)
  assert.deepEqual(await ask(`GET ${RULES}`), [])
})

/** Waits until no task runs and none follows. */
async function settled(world: TestWorld['world']): Promise<void> {
  for (let known = 0; known !== world.tasks.size;) {
    known = world.tasks.size
    await Promise.all([...world.tasks.values()].map(({ done }) => done))
    await world.clock.sleep(6000)
  }
}

test('a resource is moved when the manager is told, running or by way of a stop', async () => {
  const { ask, task, world } = await managed()
  await task('POST /nodes/pve1/qemu/100/status/start')
  await settled(world)
  assert.deepEqual(await ask(`POST ${RESOURCES}/vm:100/migrate`, { node: 'pve2' }), {
    sid: 'vm:100',
    'requested-node': 'pve2',
  })
  await settled(world)
  const vm = world.vms.get(100)
  assert.deepEqual([vm?.node, vm?.running], ['pve2', true])
  await ask(`POST ${RESOURCES}/vm:100/relocate`, { node: 'pve1' })
  await settled(world)
  assert.deepEqual([vm?.node, vm?.running], ['pve1', true])
})

test('fencing is switched off and on again', async () => {
  const { ask } = await managed()
  const state = async (): Promise<unknown[]> => {
    const current = (await ask('GET /cluster/ha/status/current')) as Facts[]
    const fencing = current.find(({ id }) => id === 'fencing')
    return [fencing?.['armed-state'], fencing?.['resource_mode']]
  }
  assert.deepEqual(await state(), ['standby', undefined])
  await ask('POST /cluster/ha/status/disarm-ha', { 'resource-mode': 'freeze' })
  assert.deepEqual(await state(), ['disarmed', 'freeze'])
  await ask('POST /cluster/ha/status/arm-ha')
  assert.deepEqual(await state(), ['standby', undefined])
  await assert.rejects(ask('POST /cluster/ha/status/arm-ha', {}, NOBODY), { status: 403 })
})

test('a guest that is managed is started, moved and stopped by the manager, soon after it was asked', async () => {
  const { ask, task, world } = await managed()
  const vm = world.vms.get(100)
  const types = (): string[] =>
    [...world.tasks.values()].map(({ type }) => type).filter((type) => type !== 'qmcreate')
  const started = await task('POST /nodes/pve1/qemu/100/status/start')
  assert.deepEqual([started.type, started.exitstatus, vm?.running], ['hastart', 'OK', false])
  assert.deepEqual(started.log, ['Requesting HA start for VM 100', 'TASK OK'])
  await settled(world)
  assert.equal(vm?.running, true)
  await task('POST /nodes/pve1/qemu/100/migrate', { target: 'pve2', online: '1' })
  await settled(world)
  assert.equal(vm?.node, 'pve2')
  await task('POST /nodes/pve2/qemu/100/status/stop')
  await settled(world)
  assert.equal(vm?.running, false)
  assert.equal(((await ask(`GET ${RESOURCES}/vm:100`)) as Facts)['state'], 'stopped')
  assert.deepEqual(types(), ['hastart', 'qmstart', 'hamigrate', 'qmigrate', 'hastop', 'qmstop'])
  // One that is ignored is everybody's own.
  await ask(`PUT ${RESOURCES}/vm:100`, { state: 'ignored' })
  assert.equal((await task('POST /nodes/pve2/qemu/100/status/start')).type, 'qmstart')
})

test('a guest is turned on and off as its resource says', async () => {
  const { ask, world } = await managed('started')
  await settled(world)
  assert.equal(world.vms.get(100)?.running, true)
  await ask(`PUT ${RESOURCES}/vm:100`, { state: 'disabled' })
  await settled(world)
  assert.equal(world.vms.get(100)?.running, false)
})

test('a guest that goes off by itself is started anew, until fencing is switched off', async () => {
  const { ask, world } = await managed('started')
  const stop = keepManaging(world)
  const vm = world.vms.get(100) ?? assert.fail()
  while (!vm.running) await world.clock.sleep(1000)
  stopVm(world, vm)
  while (!vm.running) await world.clock.sleep(1000)
  await settled(world)
  await ask('POST /cluster/ha/status/disarm-ha', { 'resource-mode': 'ignore' })
  stopVm(world, vm)
  await world.clock.sleep(30_000)
  assert.equal(vm.running, false)
  stop()
})

test('a guest that cannot be started is given up, until its resource is set anew', async () => {
  const { ask, world } = await managed('stopped')
  await ask('PUT /nodes/pve1/qemu/100/config', { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr9' })
  await ask(`PUT ${RESOURCES}/vm:100`, { state: 'started', max_restart: '1' })
  const stop = keepManaging(world)
  const starts = (): number => [...world.tasks.values()].filter(({ type }) => type === 'qmstart').length
  const stateOf = async (): Promise<unknown> =>
    ((await ask('GET /cluster/ha/status/current')) as Facts[]).find(({ sid }) => sid === 'vm:100')?.['state']
  while ((await stateOf()) !== 'error') await world.clock.sleep(1000)
  assert.equal(starts(), 2)
  await world.clock.sleep(30_000)
  assert.equal(starts(), 2)
  await ask('PUT /nodes/pve1/qemu/100/config', { delete: 'net0' })
  await ask(`PUT ${RESOURCES}/vm:100`, { state: 'started' })
  while (world.vms.get(100)?.running !== true) await world.clock.sleep(1000)
  assert.equal(await stateOf(), 'started')
  stop()
})
