import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classProblems } from './class-problems.ts'
import { machineClassManifest, type MachineClassOptions } from './manifests/machine-class.ts'

const plain: MachineClassOptions = {
  name: 'small',
  proxmoxClusterName: 'dc1',
  template: { vmid: 9000 },
  storage: 'local-lvm',
  isoStorage: 'local',
  networks: [{ bridge: 'vmbr0' }],
}
const problemsOf = (change: Partial<MachineClassOptions>): string[] =>
  classProblems(machineClassManifest({ ...plain, ...change })).map(({ field }) => field)
const withAddresses = (start: string, end: string, prefix: number, gateway?: string): string[] =>
  problemsOf({
    networks: [
      { bridge: 'vmbr0', addresses: { ranges: [{ start, end }], prefix, ...(gateway ? { gateway } : {}) } },
    ],
  })
const at = 'spec.networks[0].addresses'

test('a class with sound ranges has no problems', () => {
  assert.deepEqual(problemsOf({}), [])
  assert.deepEqual(withAddresses('10.0.0.10', '10.0.0.20', 24, '10.0.0.1'), [])
  assert.deepEqual(withAddresses('fd00::10', 'fd00::ffff', 64, 'fd00::1'), [])
  assert.deepEqual(withAddresses('2001:db8:0:1:0:0:0:10', '2001:db8:0:1::20', 64, 'fe80::1'), [])
})

test('ranges and gateways that cannot be are named', () => {
  for (const [given, field] of [
    [['10.0.0.20', '10.0.0.10', 24], `${at}.ranges[0]`],
    [['10.0.0.10', '10.0.1.10', 24], `${at}.ranges[0]`],
    [['10.0.0.10', 'fd00::1', 24], `${at}.ranges[0]`],
    [['10.0.0.010', '10.0.0.20', 24], `${at}.ranges[0].start`],
    [['10.0.0.10', '10.0.0.256', 24], `${at}.ranges[0].end`],
    [['fd00::1::2', 'fd00::3', 64], `${at}.ranges[0].start`],
    [['fd00:1', 'fd00::3', 64], `${at}.ranges[0].start`],
    [['10.0.0.10', '10.0.0.20', 24, '10.0.1.1'], `${at}.gateway`],
    [['10.0.0.10', '10.0.0.20', 24, 'fd00::1'], `${at}.gateway`],
    [['10.0.0.10', '10.0.0.20', 24, 'gateway'], `${at}.gateway`],
    [['10.0.0.10', '10.0.0.10', 33], `${at}.prefix`],
  ] as const) {
    const [start, end, prefix, gateway] = given
    assert.deepEqual(withAddresses(start, end, prefix, gateway), [field], given.join(' '))
  }
})

test('a default above the maximum is named, in whatever unit', () => {
  assert.deepEqual(problemsOf({ memory: { default: '8Gi', max: '8192Mi' } }), [])
  assert.deepEqual(problemsOf({ memory: { default: '8Gi', max: '8G' }, cores: { default: 4, max: 2 } }), [
    'spec.cores.default',
    'spec.memory.default',
  ])
})
