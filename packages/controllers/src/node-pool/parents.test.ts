import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TenantControlPlane } from '@fochista/kamaji'
import { KubernetesApiError, KubernetesConnectionError, Secret } from '@fochista/kubernetes'
import { timestampOf } from '../runtime/clock.ts'
import { aPoolWorld } from '../test/a-pool-world.ts'
import { certificates } from '../test/certificates.ts'
import { aControlPlane, aMachine, NAMESPACE } from '../test/factories.ts'

const cluster = { name: 'tenant-test', namespace: NAMESPACE }

test('a pool whose control plane is not there yet waits, and destroys nothing', async () => {
  const world = aPoolWorld({ controlPlane: null })
  const machine = world.has(aMachine())
  for (let turn = 0; turn < 4; turn += 1) {
    await world.look()
    await world.clock.advance(120_000)
  }
  assert.equal(world.reason(), 'ClusterNotFound')
  assert.equal(world.machine(machine.metadata.name).metadata.deletionTimestamp, undefined)
})

test('a control plane that was seen and is gone takes the machines along, after a minute and not before', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  world.management.vanish(TenantControlPlane, cluster)
  await world.look()
  await world.clock.advance(59_000)
  await world.look()
  assert.equal(world.staying().length, 3)
  assert.equal(world.reason(), 'ClusterNotFound')
  await world.clock.advance(1000)
  await world.look()
  assert.equal(world.staying().length, 0)
  assert.equal(world.reason(), 'ClusterGone')
})

test('a new process asks twice again, and one that comes back in between is no loss', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  const controlPlane = world.management.read(TenantControlPlane, cluster.name, NAMESPACE)
  assert.ok(controlPlane)
  world.management.vanish(TenantControlPlane, cluster)
  await world.look()
  await world.clock.advance(61_000)
  world.dies()
  await world.look()
  assert.equal(world.staying().length, 3, 'what the old process knew is no evidence')
  world.management.has(TenantControlPlane, controlPlane)
  await world.clock.advance(61_000)
  await world.look()
  world.management.vanish(TenantControlPlane, cluster)
  await world.look()
  assert.equal(world.staying().length, 3)
})

test('an answer that the kind is not there, or none at all, is no evidence', async () => {
  for (const failure of [
    new KubernetesApiError(404, { message: '404 page not found' }, { method: 'GET', path: '/apis/kamaji' }),
    new KubernetesConnectionError('connect ECONNREFUSED'),
  ]) {
    const world = aPoolWorld()
    await world.looks(2)
    world.management.vanish(TenantControlPlane, cluster)
    world.management.faults.before = ({ verb, plural }) =>
      verb === 'get' && plural === 'tenantcontrolplanes' ? failure : undefined
    for (let turn = 0; turn < 4; turn += 1) {
      await assert.rejects(world.look(), failure)
      await world.clock.advance(60_000)
    }
    assert.equal(world.staying().length, 3)
  }
})

test('a control plane that is being deleted takes the machines along at once', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  world.management.change(TenantControlPlane, cluster, (one) => {
    one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    one.metadata.finalizers = ['kamaji']
  })
  await world.look()
  assert.equal(world.staying().length, 0)
})

test('a pool that was made anew under its old name and names another cluster keeps its hands off the workers of the first', async () => {
  const world = aPoolWorld()
  await world.looks(2)
  const before = world.staying()
  const makeAnew = (clusterName: string): void =>
    void world.edit((pool) => {
      pool.spec.clusterName = clusterName
      delete pool.status
    })
  makeAnew('another')
  world.management.has(
    TenantControlPlane,
    aControlPlane({ metadata: { name: 'another', namespace: NAMESPACE, uid: 'tcp-9' } }),
  )
  await world.looks(2)
  assert.equal(world.reason(), 'MachinesOfOtherCluster')
  assert.match(world.message(), /belong to cluster "tenant-test", the pool names "another"/)
  world.management.change(TenantControlPlane, { name: 'another', namespace: NAMESPACE }, (one) => {
    one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    one.metadata.finalizers = ['kamaji']
  })
  await world.looks(2)
  assert.deepEqual(world.staying(), before)
  makeAnew('tenant-test')
  await world.looks(2)
  assert.notEqual(world.reason(), 'MachinesOfOtherCluster')
})

/** A pool that has seen its cluster, with its CA. */
async function aSettled() {
  const world = aPoolWorld()
  const withCa = (pem: string): void => {
    world.management.vanish(Secret, { name: 'tenant-test-ca', namespace: NAMESPACE })
    world.management.has(Secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'tenant-test-ca', namespace: NAMESPACE },
      data: { 'ca.crt': Buffer.from(pem).toString('base64') },
    })
  }
  const isRemade = (): void => {
    world.management.change(TenantControlPlane, cluster, (one) => (one.metadata.uid = 'tcp-2'))
  }
  withCa(certificates.one)
  await world.looks(2)
  return { ...world, withCa, isRemade }
}

test('the same name with another UID waits for its CA before anything is judged', async () => {
  const world = await aSettled()
  world.isRemade()
  world.management.vanish(Secret, { name: 'tenant-test-ca', namespace: NAMESPACE })
  await world.look()
  assert.equal(world.reason(), 'ClusterNotReady')
  assert.equal(world.staying().length, 3)
})

test('another UID with the same CA is the same cluster restored', async () => {
  const world = await aSettled()
  world.isRemade()
  world.withCa(certificates.renewed)
  world.edit(({ spec }) => (spec.replicas = 4))
  await world.looks(2)
  assert.equal(world.staying().length, 4)
  assert.equal(world.pool()?.status?.cluster?.uid, 'tcp-2')
})

test('another UID with another CA is another cluster: nothing is made and nothing taken away', async () => {
  const world = await aSettled()
  world.isRemade()
  world.withCa(certificates.another)
  world.edit(({ spec }) => (spec.replicas = 1))
  await world.looks(3)
  assert.equal(world.reason(), 'ClusterReplaced')
  assert.equal(world.staying().length, 3)
  assert.equal(world.pool()?.status?.cluster?.uid, 'tcp-1')
  world.management.change(TenantControlPlane, cluster, (one) => {
    one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    one.metadata.finalizers = ['kamaji']
  })
  await world.look()
  assert.equal(world.staying().length, 3, 'not even when that other cluster goes')
})

test('a CA that is rotated under the same UID is learnt, one that is missing is not forgotten', async () => {
  const world = await aSettled()
  const first = world.pool()?.status?.cluster?.caPin
  assert.match(first ?? '', /^sha256:/)
  assert.equal(world.pool()?.status?.cluster?.caSince, undefined)
  world.management.vanish(Secret, { name: 'tenant-test-ca', namespace: NAMESPACE })
  await world.look()
  assert.equal(world.pool()?.status?.cluster?.caPin, first)
  world.withCa(certificates.another)
  await world.look()
  assert.notEqual(world.pool()?.status?.cluster?.caPin, first)
  const since = world.pool()?.status?.cluster?.caSince
  assert.equal(since, timestampOf(world.clock.now()))
  await world.clock.advance(60_000)
  await world.look()
  assert.equal(world.pool()?.status?.cluster?.caSince, since)
  assert.equal(world.staying().length, 3)
})

test('a CA whose checksum Kamaji says is read again when that changes, and after ten minutes', async () => {
  const world = await aSettled()
  const reads = () => world.management.calls.filter(({ plural }) => plural === 'secrets').length
  const says = (checksum: string) =>
    world.management.change(TenantControlPlane, cluster, ({ status }) => {
      Object.assign(status?.certificates?.ca ?? {}, { checksum })
    })
  says('1')
  await world.look()
  const [first, before] = [world.pool()?.status?.cluster?.caPin, reads()]
  await world.looks(3)
  assert.equal(reads(), before)
  world.withCa(certificates.another)
  says('2')
  await world.look()
  const second = world.pool()?.status?.cluster?.caPin
  assert.notEqual(second, first)
  world.withCa(certificates.one)
  await world.look()
  assert.equal(world.pool()?.status?.cluster?.caPin, second)
  await world.clock.advance(600_000)
  await world.look()
  assert.equal(world.pool()?.status?.cluster?.caPin, first)
})

test('a CA that is none is said of the pool, and takes nothing away', async () => {
  const world = await aSettled()
  world.withCa('not a certificate')
  await world.look()
  assert.equal(world.reason(), 'ClusterRefused')
  assert.equal(world.staying().length, 3)
})
