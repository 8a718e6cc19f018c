import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineClassManifest } from './manifests/machine-class.ts'
import { nodePoolManifest } from './manifests/node-pool.ts'
import { machineCan, machineClassCan, nodePoolCan } from './predicates.ts'
import type { Machine } from './resources/machine.ts'

const machine: Machine = {
  apiVersion: 'fochista.dev/v1alpha1',
  kind: 'Machine',
  metadata: { name: 'workers-x7k2', namespace: 'team-a' },
  spec: { id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', nodePoolName: 'workers', proxmoxCluster: 'dc1' },
}

test('what is leaving cannot be deleted again or scaled', () => {
  assert.equal(machineCan.delete(machine), true)
  const leaving = { ...machine, metadata: { ...machine.metadata, deletionTimestamp: '2026-11-24T14:00:00Z' } }
  assert.equal(machineCan.delete.reason(leaving), 'Machine "workers-x7k2" is being deleted already')
  const pool = nodePoolManifest({ name: 'workers', clusterName: 'a' })
  assert.equal(nodePoolCan.scale.reason(pool), undefined)
  pool.metadata.deletionTimestamp = '2026-11-24T14:00:00Z'
  assert.equal(nodePoolCan.scale(pool), false)
})

test('a machine whose VM was never seen cannot be released', () => {
  assert.match(machineCan.release.reason(machine) ?? '', /has no VM yet/)
  assert.equal(machineCan.release({ ...machine, spec: { ...machine.spec, made: true } }), true)
})

test('a class in use names the pools that hold it', () => {
  const small = machineClassManifest({
    name: 'small',
    proxmoxClusterName: 'dc1',
    template: { vmid: 9000 },
    storage: 'local-lvm',
    isoStorage: 'local',
    networks: [{ bridge: 'vmbr0' }],
  })
  const pools = Array.from({ length: 6 }, (_, index) =>
    nodePoolManifest({ name: `p${index}`, namespace: 'team-a', clusterName: 'a', className: 'small' }),
  )
  assert.equal(machineClassCan.delete(small, []), true)
  assert.equal(
    machineClassCan.delete.reason(small, pools),
    'MachineClass "small" is in use by pools team-a/p0, team-a/p1, team-a/p2, team-a/p3, team-a/p4 and 1 more',
  )
})
