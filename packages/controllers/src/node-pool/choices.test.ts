import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  LABEL_CLUSTER,
  LABEL_POOL,
  quotaLeft,
  shapeOf,
  usageOf,
  type Machine,
  type NodePool,
} from '@fochista/api'
import { isMadeAsAsked, revisionOf } from '../revision.ts'
import { aWorld } from '../test/a-world.ts'
import { aClass, aControlPlane, aMachine, aPool, aTemplate } from '../test/factories.ts'
import { classOf } from './parents.ts'
import { newMachine } from './create.ts'
import { pickForRemoval } from './remove.ts'
import { versionFor } from './version.ts'

const ready = [
  {
    type: 'Ready',
    status: 'True' as const,
    reason: 'Ready',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  },
]
const aReady = (name: string, given: Parameters<typeof aMachine>[0] = {}): Machine =>
  aMachine({
    ...given,
    metadata: { name, creationTimestamp: '2026-01-01T00:00:00Z', ...given.metadata },
    status: { conditions: ready, ...given.status },
  })
const names = (machines: readonly Machine[]): string[] => machines.map(({ metadata }) => metadata.name)

test('first go those asked to, then not Ready ones, outdated ones, the fullest host’s, the newest', () => {
  const machines = [
    aReady('old', { spec: { host: 'pve3' } }),
    aReady('new', { spec: { host: 'pve2' }, metadata: { creationTimestamp: '2026-01-02T00:00:00Z' } }),
    aReady('crowded-1', { spec: { host: 'pve1' } }),
    aReady('crowded-2', { spec: { host: 'pve1' } }),
    aReady('outdated', { spec: { poolHash: 'other', host: 'pve4' } }),
    aMachine({ metadata: { name: 'not-ready' }, spec: { host: 'pve5' } }),
    aReady('asked', {
      metadata: { annotations: { 'fochista.dev/delete-first': '' } },
      spec: { host: 'pve6' },
    }),
  ]
  const isOutdated = ({ spec }: Machine): boolean => spec.poolHash === 'other'
  const order = names(pickForRemoval(machines, isOutdated, 7))
  assert.deepEqual(order, ['asked', 'not-ready', 'outdated', 'crowded-1', 'crowded-2', 'new', 'old'])
  assert.deepEqual(names(pickForRemoval(machines, isOutdated, 2)), ['asked', 'not-ready'])
  assert.deepEqual(pickForRemoval(machines, isOutdated, 0), [])
})

test('a new machine has an id of its own, its pool’s labels and name, and our finalizer', () => {
  const [one, other] = [1, 2].map(() => newMachine(aPool(), aClass(), 'v1.30.4', () => false))
  assert.ok(one && other)
  assert.match(one.spec.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.notEqual(one.spec.id, other.spec.id)
  assert.match(one.metadata.name, /^workers-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  assert.deepEqual(one.metadata.labels, { [LABEL_POOL]: 'workers', [LABEL_CLUSTER]: 'tenant-test' })
  assert.deepEqual(one.metadata.finalizers, ['fochista.dev/finalizer'])
  assert.equal(one.spec.poolHash, revisionOf(aPool()))
})

test('a name that is taken is drawn again: a kubelet takes over a Node of its name', () => {
  const drawn: string[] = []
  const machine = newMachine(aPool(), aClass(), 'v1.30.4', (name) => drawn.push(name) < 3)
  assert.equal(drawn.length, 3)
  assert.equal(machine.metadata.name, drawn[2])
})

const saying = (spec: Partial<NodePool['spec']>): NodePool => {
  const pool = aPool()
  const { className: _class, ...rest } = pool.spec
  return { ...pool, spec: { ...rest, ...spec } }
}
/** Ways to ask for the version and the class that a machine has. */
const words: Partial<NodePool['spec']>[] = [
  {},
  { version: 'v1.30.4' },
  { version: '1.30.4' },
  { version: 'v1.30' },
  { version: '1.30' },
  { className: 'small' },
  { className: 'small', version: 'v1.30.4' },
  { className: 'small', version: '1.30' },
]
const bootstrap = { postJoinCommands: ['true'] }

test('a machine is as asked whose class and version are those of the pool, whatever words it has for them', () => {
  for (const after of words) {
    for (const before of words) {
      const machine = newMachine(saying(before), aClass(), 'v1.30.4', () => false)
      assert.ok(isMadeAsAsked(saying(after), machine), JSON.stringify([before, after]))
      assert.ok(!isMadeAsAsked(saying({ ...after, bootstrap }), machine), JSON.stringify([before, after]))
    }
    const machine = newMachine(saying(after), aClass(), 'v1.30.4', () => false)
    for (const other of ['v1.30.5', 'v1.30.40', 'v1.3', '1.31', 'v1.31.0'])
      assert.ok(!isMadeAsAsked(saying({ ...after, version: other }), machine), other)
    assert.ok(!isMadeAsAsked(saying({ ...after, className: 'other' }), machine))
  }
})

test('machines with a hash of their pool’s words, as an earlier release made them, are judged by what they are', () => {
  /** As of 0.1: the words in order, without those that the pool does not say. */
  const oldHash = (spec: Partial<NodePool['spec']>): string =>
    createHash('sha256')
      .update(
        JSON.stringify({
          ...(spec.bootstrap && { bootstrap: spec.bootstrap }),
          ...(spec.className && { className: spec.className }),
          ...(spec.version && { version: spec.version }),
        }),
      )
      .digest('hex')
      .slice(0, 16)
  assert.equal(oldHash({ className: 'small', version: 'v1.30.4' }), '7dfcffe97f370f81')
  for (const before of words)
    for (const given of [{}, { bootstrap }]) {
      const machine = newMachine(saying({}), aClass(), 'v1.30.4', () => false)
      machine.spec.poolHash = oldHash({ ...before, ...given })
      for (const after of words) {
        const asked = (more: Partial<NodePool['spec']>): boolean =>
          isMadeAsAsked(saying({ ...after, ...given, ...more }), machine)
        assert.ok(asked({}), JSON.stringify([before, after, given]))
        assert.ok(!asked({ version: 'v1.30.5' }))
        assert.ok(!asked({ className: 'other' }))
        assert.ok(!asked({ bootstrap: { preJoinCommands: ['true'] } }))
      }
    }
})

test('what can be given to a running machine makes none outdated', () => {
  const machine = newMachine(aPool({ spec: { bootstrap } }), aClass(), 'v1.30.4', () => false)
  for (const spec of [
    { replicas: 9 },
    { paused: true },
    { node: { labels: { a: 'b' } } },
    { health: {} },
    { cores: 4, memory: '8Gi', disk: '40Gi' },
  ])
    assert.ok(isMadeAsAsked(aPool({ spec: { bootstrap, ...spec } }), machine), JSON.stringify(spec))
  const turned = { users: [{ shell: '/bin/sh', name: 'a' }] }
  assert.equal(
    revisionOf(aPool({ spec: { bootstrap: { users: [{ name: 'a', shell: '/bin/sh' }] } } })),
    revisionOf(aPool({ spec: { bootstrap: turned } })),
    'in whatever order a server gives the keys back',
  )
})

test('a pool uses the class it names, the one it has used so far, or the newest default one', () => {
  const isDefault = { 'machineclass.fochista.dev/is-default-class': 'true' }
  const { world, management } = aWorld({
    machineClass: aClass({ metadata: { annotations: isDefault, creationTimestamp: '2026-01-01T00:00:00Z' } }),
  })
  management.has(
    world.caches.machineClasses.kind,
    aClass({
      metadata: { name: 'newer', annotations: isDefault, creationTimestamp: '2026-01-02T00:00:00Z' },
    }),
  )
  management.has(world.caches.machineClasses.kind, aClass({ metadata: { name: 'plain' } }))
  const chosen = (className?: string, used?: string): string | undefined =>
    classOf(world, aPool({ spec: { className }, status: { className: used } }))?.metadata.name
  assert.equal(chosen('plain', 'small'), 'plain')
  assert.equal(chosen(undefined, 'small'), 'small')
  assert.equal(chosen(), 'newer')
  assert.equal(chosen('none'), undefined)
})

test('a namespace gets no more of a class than its quota leaves, and hears which rule stops it', () => {
  const left = (quota: NonNullable<ReturnType<typeof aClass>['spec']['quota']>, machines: Machine[] = []) => {
    const machineClass = aClass({ spec: { quota } })
    const used = usageOf(machineClass, machines, () => aPool())
    const { count, rule } = quotaLeft(machineClass, shapeOf(aPool(), machineClass), used)
    return { count, rule }
  }
  assert.equal(left({}).count, Number.POSITIVE_INFINITY)
  assert.deepEqual(left({ machines: 3 }, [aMachine()]), {
    count: 2,
    rule: 'class "small" allows a namespace at most 3 machines in all',
  })
  // Each has 2 cores, 4 GiB and 20 GiB; one that is not placed yet counts as its pool asks for.
  assert.equal(left({ cores: 7 }, [aMachine(), aMachine({ spec: { cores: 3 } })]).count, 1)
  assert.deepEqual(left({ cores: 100, memory: '9Gi' }), {
    count: 2,
    rule: 'class "small" allows a namespace at most 9Gi of memory in all',
  })
  assert.equal(left({ disk: '50Gi' }).count, 2)
  assert.equal(
    left({ machines: 1 }, [aMachine(), aMachine()]).count,
    0,
    'a quota made smaller takes none away',
  )
})

const inventory = ['v1.29.9', 'v1.30.2', 'v1.30.10', 'v1.31.0', 'v1.26.0'].map((version, index) =>
  aTemplate(9000 + index, 'pve1', `kubelet-${version}`),
)
const versionOf = (
  given: {
    version?: string
    controlPlane?: string
    machines?: Machine[]
    install?: 'packages'
    vms?: typeof inventory
  } = {},
): string => {
  const { version, controlPlane = 'v1.30.4', machines = [], install, vms = inventory } = given
  const machineClass = aClass({ spec: { template: { name: 'worker' }, ...(install ? { install } : {}) } })
  const pool = aPool({ spec: version === undefined ? {} : { version } })
  const answer = versionFor(pool, machineClass, aControlPlane({ version: controlPlane }), machines, vms)
  return 'version' in answer ? answer.version : answer.reason
}

test('a pool gets the newest template that its control plane allows; patch levels are free', () => {
  assert.equal(versionOf(), 'v1.30.10')
  assert.equal(versionOf({ controlPlane: 'v1.31.5' }), 'v1.31.0')
  assert.equal(versionOf({ controlPlane: 'v1.29.0' }), 'v1.29.9')
})

test('a kubelet is no newer than its control plane, and at most three minor versions older', () => {
  assert.equal(versionOf({ version: 'v1.31.0' }), 'NotAllowed')
  assert.equal(versionOf({ version: 'v1.27.0' }), 'v1.27.0')
  assert.equal(versionOf({ version: 'v1.26.0' }), 'NotAllowed')
  assert.equal(versionOf({ version: 'v1.30.99' }), 'v1.30.99')
  assert.equal(versionOf({ version: 'v2.30.0' }), 'NotAllowed')
})

test('a version without its patch level is the newest that the templates have', () => {
  assert.equal(versionOf({ version: '1.30' }), 'v1.30.10')
  assert.equal(versionOf({ version: 'v1.28' }), 'v1.28.0')
})

test('without a version of its own a pool stays with that of its newest machine', () => {
  const machines = [
    aReady('a', { spec: { version: 'v1.30.2' } }),
    aReady('b', { spec: { version: 'v1.29.9' }, metadata: { creationTimestamp: '2026-01-02T00:00:00Z' } }),
  ]
  assert.equal(versionOf({ machines }), 'v1.29.9')
  assert.equal(versionOf({ machines, controlPlane: 'v1.33.0' }), 'v1.31.0', 'unless that is too old by now')
})

test('packages give the control plane’s own version; without a fitting template there is none', () => {
  assert.equal(versionOf({ install: 'packages' }), 'v1.30.4')
  assert.equal(versionOf({ vms: [] }), 'NoTemplateForVersion')
  assert.equal(versionOf({ controlPlane: 'v1.25.0' }), 'NoTemplateForVersion')
})
