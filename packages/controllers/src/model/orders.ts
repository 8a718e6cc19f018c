import { ANNOTATION_DELETE_FIRST, ANNOTATION_PAUSED, ANNOTATION_RELEASE, type NodePool } from '@fochista/api'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from '../kinds.ts'
import { timestampOf } from '../runtime/clock.ts'
import { aPool } from '../test/factories.ts'
import { endNamespace } from './namespaces.ts'
import { among, nameOf, refOf, type Acts, type Stage } from './stage.ts'
import { CLUSTERS } from './truth.ts'

/** What pools are asked for: more and less of each. */
const shapes: readonly { cores?: number; memory?: string; disk?: string }[] = [
  { cores: 1 },
  { cores: 2 },
  { cores: 3 },
  { cores: 4 },
  { memory: '3Gi' },
  { memory: '4608Mi' },
  { disk: '24Gi' },
  { disk: '22Gi' },
  { cores: 3, memory: '4352Mi', disk: '26Gi' },
]

function editPool(number: number, change: (pool: NodePool) => void): (stage: Stage) => string | undefined {
  return ({ truth }) => {
    const pool = among(truth.pools(), number)
    if (!pool) return undefined
    truth.management.change(NodePools, refOf(pool), (one) => {
      change(one)
      one.metadata.generation = (one.metadata.generation ?? 1) + 1
    })
    return nameOf(pool)
  }
}

/** What operators and tenants ask for: pools, classes, clusters, and machines to go. */
export const orders: Acts = {
  'create pool': [
    10,
    ({ truth }, a, b) => {
      const [namespace, clusterName] = among(CLUSTERS, a) ?? CLUSTERS[0]
      const pool = aPool({
        metadata: { name: `p${b % 4}`, namespace },
        spec: {
          clusterName,
          className: b % 5 === 0 ? 'next' : 'small',
          replicas: 1 + (b % 4),
          version: b % 2 === 0 ? 'v1.30.4' : 'v1.31.2',
          rollout: { maxSurge: a % 3, maxUnavailable: a % 3 === 0 ? 1 : b % 2 },
          health: { nodeStartupTimeout: '5m' },
          drain: { timeout: '3m' },
        },
      })
      if (truth.pool(pool.metadata.name, namespace) || truth.ending.has(namespace)) return undefined
      truth.management.has(NodePools, pool)
      return nameOf(pool)
    },
  ],
  'scale pool': [12, (stage, a, b) => editPool(a, ({ spec }) => (spec.replicas = b % 5))(stage)],
  'edit labels': [
    3,
    (stage, a, b) => editPool(a, ({ spec }) => (spec.node = { labels: { tier: `t${b % 3}` } }))(stage),
  ],
  'edit margins': [
    4,
    (stage, a, b) =>
      editPool(a, ({ spec }) => {
        // Both 0 is refused: no machine could ever be replaced.
        const maxSurge = b % 3
        const maxUnavailable = Math.max(maxSurge === 0 ? 1 : 0, Math.floor(b / 3) % 3)
        spec.rollout = { ...spec.rollout, maxSurge, maxUnavailable }
      })(stage),
  ],
  'edit health': [
    1,
    (stage, a, b) =>
      editPool(a, ({ spec }) => {
        spec.health = { ...spec.health, maxUnhealthy: among([0, 1, '50%', '100%'], b) ?? 1 }
      })(stage),
  ],
  'edit version': [
    5,
    (stage, a, b) =>
      editPool(a, ({ spec }) => (spec.version = among(['v1.30.4', 'v1.31.2'], b) ?? ''))(stage),
  ],
  'edit shape': [
    9,
    (stage, a, b) =>
      editPool(a, ({ spec }) => {
        const { cores, memory, disk } = shapes[b % shapes.length] ?? {}
        for (const [field, value] of Object.entries({ cores, memory, disk }))
          if (value !== undefined) Object.assign(spec, { [field]: value })
        if (b % 11 === 0) delete spec.cores
        if (b % 13 === 0) delete spec.memory
      })(stage),
  ],
  'edit class of pool': [
    2,
    (stage, a, b) => editPool(a, ({ spec }) => (spec.className = among(['small', 'next'], b) ?? ''))(stage),
  ],
  'roll pool': [
    4,
    (stage, a) =>
      editPool(
        a,
        ({ spec }) => (spec.rollout = { ...spec.rollout, before: timestampOf(stage.truth.time.now()) }),
      )(stage),
  ],
  'pause pool': [2, (stage, a, b) => editPool(a, ({ spec }) => (spec.paused = b % 2 === 0))(stage)],
  'delete pool': [
    4,
    ({ truth }, a) => {
      const pool = among(truth.pools(), a)
      if (!pool) return undefined
      void truth.management.kubernetes.delete(NodePools, refOf(pool))
      return nameOf(pool)
    },
  ],
  'edit class': [
    2,
    ({ truth }, a, b) => {
      truth.management.change(
        MachineClasses,
        { name: a % 2 === 0 ? 'small' : 'next' },
        ({ spec, metadata }) => {
          spec.cores = { default: 1 + (b % 4), max: 8 }
          metadata.generation = (metadata.generation ?? 1) + 1
        },
      )
      return a % 2 === 0 ? 'small' : 'next'
    },
  ],
  'edit quota': [
    2,
    ({ truth }, _a, b) => {
      truth.quotaChangedAt = truth.time.now()
      truth.management.change(MachineClasses, { name: 'small' }, ({ spec, metadata }) => {
        spec.quota = { machines: 3 + (b % 7) }
        metadata.generation = (metadata.generation ?? 1) + 1
      })
      return `to ${3 + (b % 7)}`
    },
  ],
  'pause Proxmox cluster': [
    2,
    ({ truth }, a) => {
      truth.management.change(ProxmoxClusters, { name: 'dc1' }, ({ spec, metadata }) => {
        spec.paused = a % 2 === 0
        metadata.generation = (metadata.generation ?? 1) + 1
      })
      return a % 2 === 0 ? 'dc1' : 'dc1 no more'
    },
  ],
  'pause machine': [
    2,
    ({ truth }, a, b) => {
      const machine = among(truth.machines(), a)
      if (!machine) return undefined
      truth.management.change(Machines, refOf(machine), ({ metadata }) => {
        const { [ANNOTATION_PAUSED]: _paused, ...others } = metadata.annotations ?? {}
        metadata.annotations = b % 3 === 0 ? others : { ...others, [ANNOTATION_PAUSED]: '' }
      })
      return nameOf(machine)
    },
  ],
  'delete machine': [
    4,
    ({ truth }, a) => {
      const machine = among(truth.machines(), a)
      if (!machine) return undefined
      truth.takenAt = truth.time.now()
      void truth.management.kubernetes.delete(Machines, refOf(machine))
      return nameOf(machine)
    },
  ],
  'delete first': [
    1,
    ({ truth }, a) => {
      const machine = among(truth.machines(), a)
      if (!machine) return undefined
      truth.management.change(Machines, refOf(machine), ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, [ANNOTATION_DELETE_FIRST]: '' }
      })
      return nameOf(machine)
    },
  ],
  'release machine': [
    1,
    ({ truth }, a) => {
      const machine = among(truth.machines(), a)
      if (!machine) return undefined
      truth.management.change(Machines, refOf(machine), ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, [ANNOTATION_RELEASE]: '' }
      })
      truth.takenAt = truth.time.now()
      void truth.management.kubernetes.delete(Machines, refOf(machine))
      return nameOf(machine)
    },
  ],
  'delete control plane': [
    1,
    ({ truth }, a) => {
      const [namespace, cluster] = among(CLUSTERS, a) ?? CLUSTERS[0]
      truth.takeAway(namespace, cluster)
      return `${namespace}/${cluster}`
    },
  ],
  'delete namespace': [
    1,
    ({ truth }, a) => {
      const [namespace] = among(CLUSTERS, a) ?? CLUSTERS[0]
      if (truth.ending.has(namespace)) return undefined
      endNamespace(truth, namespace)
      return namespace
    },
  ],
  'bring control plane': [
    2,
    ({ truth }, a, b) => {
      const [namespace, cluster] = among(CLUSTERS, a) ?? CLUSTERS[0]
      if (truth.tenants.has(`${namespace}/${cluster}`) || truth.ending.has(namespace)) return undefined
      truth.bring(namespace, cluster, b % 2 === 0 ? 'one' : 'another')
      return `${namespace}/${cluster}`
    },
  ],
}
