import { ANNOTATION_DELETE_FIRST, ANNOTATION_RELEASE, type Machine, type NodePool } from '@fochista/api'
import { Node } from '@fochista/kubernetes'
import { Machines, MachineClasses, NodePools } from '../kinds.ts'
import { timestampOf } from '../runtime/clock.ts'
import { aPool } from '../test/factories.ts'
import type { Chance } from './chance.ts'
import { endNamespace } from './namespaces.ts'
import { CLUSTERS, type MadeVm, type Truth } from './truth.ts'
import type { Weather } from './weather.ts'

/** One thing that happens, and how long after the one before. Its numbers choose among what is there then. */
export interface Command {
  readonly name: string
  readonly afterMs: number
  readonly a: number
  readonly b: number
}

/** What commands act upon. */
export interface Stage {
  readonly truth: Truth
  readonly weather: Weather
  /** The controllers die at their write that is so many writes ahead, before or after it; they are started again later. */
  crash(writesAhead: number, when: 'before' | 'after', downMs: number): void
  /** Objects that were lost, for those who bring them back. */
  readonly lost: (Machine | NodePool)[]
}

type Act = (stage: Stage, a: number, b: number) => string | undefined

const among = <T>(all: readonly T[], number: number): T | undefined =>
  all.length === 0 ? undefined : all[number % all.length]

const name = (object: { metadata: { namespace?: string; name: string } } | undefined): string | undefined =>
  object && `${object.metadata.namespace}/${object.metadata.name}`

const refOf = ({ metadata }: Machine | NodePool) => ({
  name: metadata.name,
  namespace: metadata.namespace ?? '',
})

/** Label by which the model knows a person's cordon. */
export const CORDONED_BY_HAND = 'example.com/cordoned'

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
    return name(pool)
  }
}

/** VMs of ours that are made and have come so far that a person may take them for theirs. */
const finished = ({ truth }: Stage): MadeVm[] =>
  [...truth.made].filter(
    ({ vm, id, released }) =>
      !released &&
      truth.proxmox.vms.get(vm.vmid) === vm &&
      vm.config['lock'] === undefined &&
      String(vm.config['smbios1']).includes(id),
  )

const acts: Readonly<Record<string, readonly [weight: number, act: Act]>> = {
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
      return name(pool)
    },
  ],
  'scale pool': [12, (stage, a, b) => editPool(a, ({ spec }) => (spec.replicas = b % 5))(stage)],
  'edit labels': [
    3,
    (stage, a, b) => editPool(a, ({ spec }) => (spec.node = { labels: { tier: `t${b % 3}` } }))(stage),
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
      return name(pool)
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
  'delete machine': [
    4,
    ({ truth }, a) => {
      const machine = among(truth.machines(), a)
      if (!machine) return undefined
      truth.takenAt = truth.time.now()
      void truth.management.kubernetes.delete(Machines, refOf(machine))
      return name(machine)
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
      return name(machine)
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
      return name(machine)
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
  'tenant is down': [
    3,
    ({ truth, weather }, a, b) => {
      const [namespace, cluster] = among(CLUSTERS, a) ?? CLUSTERS[0]
      const tenant = truth.tenants.get(`${namespace}/${cluster}`)
      if (!tenant) return undefined
      tenant.downUntil = truth.time.now() + (b % 400) * 1000
      weather.roughUntil = Math.max(weather.roughUntil, tenant.downUntil + 60_000)
      return `${namespace}/${cluster} for ${b % 400} s`
    },
  ],
  crash: [
    16,
    (stage, a, b) => {
      stage.crash(a % 12, b % 2 === 0 ? 'before' : 'after', (b % 40) * 500)
      return `${b % 2 === 0 ? 'before' : 'after'} write ${a % 12}, for ${(b % 40) / 2} s`
    },
  ],
  'bad weather': [
    6,
    ({ weather, truth }, a, b) => {
      weather.faults = 1 + (a % 20)
      truth.taskFailures = b % 15
      weather.roughUntil = Number.POSITIVE_INFINITY
      return `${weather.faults} of 100 calls and ${truth.taskFailures} of 100 tasks fail`
    },
  ],
  'fine weather': [
    6,
    ({ weather, truth }) => {
      weather.faults = 0
      truth.taskFailures = 0
      weather.roughUntil = truth.time.now() + 180_000
      return ''
    },
  ],
  'slow calls': [
    3,
    ({ weather }, a) => ((weather.slow = among([0, 10, 40], a) ?? 0), `${weather.slow} of 100`),
  ],
  'watches lag': [
    3,
    ({ weather }, a) => ((weather.lagMs = among([0, 200, 3000], a) ?? 0), `${weather.lagMs} ms`),
  ],
  'foreign VMs': [
    6,
    ({ truth }, a, b) => {
      const taken: number[] = []
      for (let next = 0; next < 1 + (b % 8); next += 1) {
        const vmid = 400 + ((a + next * 7) % 60)
        // Whoever has just lost a VM is given the time to notice: no look is so long.
        const isFresh = truth.time.now() - (freed.get(truth)?.get(vmid) ?? 0) < 180_000
        if (truth.proxmox.vms.has(vmid) || isFresh) continue
        truth.proxmox.has({
          vmid,
          node: b % 2 === 0 ? 'pve1' : 'pve2',
          status: b % 3 === 0 ? 'running' : 'stopped',
          config: { name: `db-${vmid}` },
        })
        taken.push(vmid)
      }
      truth.touch()
      return taken.join(' ')
    },
  ],
  'foreign VMs go': [
    2,
    ({ truth }, a, b) => {
      const foreign = [...truth.proxmox.vms.values()].filter(
        ({ vmid, template }) => !template && !truth.madeAt(vmid),
      )
      const gone = foreign.filter((_, index) => (index + a) % (1 + (b % 3)) === 0)
      for (const { vmid } of gone) truth.proxmox.vms.delete(vmid)
      truth.touch()
      return gone.map(({ vmid }) => vmid).join(' ')
    },
  ],
  'VM stopped by hand': [
    2,
    (stage, a) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      one.vm.status = 'stopped'
      stage.truth.touch()
      return `VM ${one.vm.vmid}`
    },
  ],
  'VM destroyed by hand': [
    2,
    (stage, a) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      one.vm.status = 'stopped'
      stage.truth.proxmox.vms.delete(one.vm.vmid)
      noteFreed(stage.truth, one.vm.vmid)
      stage.truth.touch()
      return `VM ${one.vm.vmid}`
    },
  ],
  'VM reshaped by hand': [
    1,
    (stage, a) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      one.vm.config['cores'] = 6
      delete one.vm.config['vcpus']
      one.reshapedByHand = true
      stage.truth.touch()
      return `VM ${one.vm.vmid}`
    },
  ],
  'Node cordoned by hand': [
    2,
    (stage, a) => {
      const one = among(finished(stage), a)
      const tenant = one && stage.truth.tenants.get(`${one.namespace}/${one.cluster}`)
      const node = one && tenant?.fake.api.read(Node, one.machine)
      if (!tenant || !node || node.spec?.unschedulable) return undefined
      tenant.fake.api.change(Node, { name: one.machine }, (changed) => {
        changed.spec = { ...changed.spec, unschedulable: true }
        changed.metadata.labels = { ...changed.metadata.labels, [CORDONED_BY_HAND]: '' }
      })
      return one.machine
    },
  ],
  'VM renamed by hand': [
    1,
    (stage, a) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      Object.assign(one.vm.config, { name: 'mine', description: 'do not touch' })
      stage.truth.touch()
      return `VM ${one.vm.vmid}`
    },
  ],
  'VM migrated by hand': [
    2,
    (stage, a) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      one.vm.node = one.vm.node === 'pve1' ? 'pve2' : 'pve1'
      stage.truth.touch()
      return `VM ${one.vm.vmid} to ${one.vm.node}`
    },
  ],
  'Node deleted by hand': [
    1,
    (stage, a) => {
      const one = among(finished(stage), a)
      const tenant = one && stage.truth.tenants.get(`${one.namespace}/${one.cluster}`)
      if (!one || !tenant?.fake.api.read(Node, one.machine)) return undefined
      tenant.fake.api.vanish(Node, { name: one.machine })
      return one.machine
    },
  ],
  'Node is unwell': [
    2,
    (stage, a, b) => {
      const one = among(finished(stage), a)
      if (!one) return undefined
      one.unwellUntil = stage.truth.time.now() + (b % 900) * 1000
      return `${one.machine} for ${b % 900} s`
    },
  ],
  'statuses are lost': [
    3,
    ({ truth }, a) => {
      const gone = [...truth.machines(), ...truth.pools()].filter(
        (_, index) => a % 3 === 0 || index % 3 === a % 3,
      )
      truth.forgottenAt = truth.time.now()
      for (const object of gone)
        truth.management.change<Machine | NodePool>(
          object.kind === 'Machine' ? (Machines as never) : (NodePools as never),
          refOf(object),
          (one) => {
            delete one.status
          },
        )
      return `${gone.length} objects`
    },
  ],
  'an object is lost': [
    2,
    ({ truth, lost }, a, b) => {
      const object = among<Machine | NodePool>(b % 3 === 0 ? truth.pools() : truth.machines(), a)
      if (!object || object.metadata.deletionTimestamp) return undefined
      truth.management.vanish(object.kind === 'Machine' ? Machines : NodePools, refOf(object))
      truth.takenAt = truth.time.now()
      lost.push(object)
      // What a machine leaves that is never brought back is for a person.
      truth.leftNodes.add(object.metadata.name)
      if (object.kind === 'Machine') truth.lostIds.push((object as Machine).spec.id)
      return name(object)
    },
  ],
  'objects are restored': [
    4,
    ({ truth, lost }) => {
      for (const object of lost.splice(0)) restore(truth, object)
      return ''
    },
  ],
}

/** Brings an object back as a backup does: with another UID and without its status; not where somebody has its VMID or address by now. */
export function restore(truth: Truth, { status: _status, ...object }: Machine | NodePool): void {
  const kind = object.kind === 'Machine' ? Machines : NodePools
  const { name: called, namespace = '', labels, annotations, finalizers } = object.metadata
  if (truth.management.read(kind as never, called, namespace) || truth.ending.has(namespace)) return
  if (object.kind === 'Machine') {
    const { vmid, addresses = [] } = (object as Machine).spec
    const rivals = truth
      .machines()
      .some(
        ({ spec }) =>
          (vmid !== undefined && spec.vmid === vmid) ||
          spec.addresses?.some(({ address }) => addresses.some((one) => one.address === address)),
      )
    if (rivals) return
  }
  const metadata = {
    name: called,
    namespace,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
  }
  truth.restoredAt = truth.time.now()
  truth.management.has(kind as never, { ...object, metadata } as never)
}

const freed = new WeakMap<Truth, Map<number, number>>()
function noteFreed(truth: Truth, vmid: number): void {
  const times = freed.get(truth) ?? new Map<number, number>()
  freed.set(truth, times.set(vmid, truth.time.now()))
}

/** A history that a seed decides: it begins with pools. */
export function drawHistory(chance: Chance, length: number): Command[] {
  const bag = Object.entries(acts).flatMap(([called, [weight]]) => Array<string>(weight).fill(called))
  return Array.from({ length }, (_, index) => ({
    name: index < 2 ? 'create pool' : (chance.pick(bag) ?? 'crash'),
    afterMs: chance.percent(50) ? chance.whole(0, 5000) : chance.whole(0, 60_000),
    a: chance.whole(0, 9999),
    b: chance.whole(0, 9999),
  }))
}

/** Does one thing. @returns what it was, for people; undefined if there was nothing to do it to */
export function act(stage: Stage, { name: called, a, b }: Command): string | undefined {
  const said = acts[called]?.[1](stage, a, b)
  return said === undefined ? undefined : `${called} ${said}`.trim()
}
