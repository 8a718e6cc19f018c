import type { Machine, NodePool } from '@fochista/api'
import type { DrainResult } from '@fochista/kamaji'
import { Machines, NodePools } from '../kinds.ts'
import { PRIVILEGES } from './rights.ts'
import { among, nameOf, refOf, type Acts } from './stage.ts'
import { CLUSTERS, type Truth } from './truth.ts'

/** What goes wrong by itself: controllers die, calls fail, clocks and clusters are apart, objects are lost. */
export const trouble: Acts = {
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
  'tenant is upgraded': [
    2,
    ({ truth, weather }, a, b) => {
      const [namespace, name] = among(CLUSTERS, a) ?? CLUSTERS[0]
      const states = ['Upgrading', 'Migrating', 'Sleeping', 'CertificateAuthorityRotating'] as const
      const state = among<(typeof states)[number]>(states, b) ?? 'Upgrading'
      if (!truth.turn(namespace, name, state)) return undefined
      truth.time.setTimeout(() => truth.turn(namespace, name, 'Ready'), (b % 300) * 1000)
      const tenant = truth.tenants.get(`${namespace}/${name}`)
      if (tenant && state === 'Sleeping') {
        tenant.downUntil = truth.time.now() + (b % 300) * 1000
        weather.roughUntil = Math.max(weather.roughUntil, tenant.downUntil + 60_000)
      }
      return `${namespace}/${name}: ${state} for ${b % 300} s`
    },
  ],
  'drains hang': [
    2,
    ({ truth }, a, b) => {
      const [namespace, name] = among(CLUSTERS, a) ?? CLUSTERS[0]
      const tenant = truth.tenants.get(`${namespace}/${name}`)
      if (!tenant) return undefined
      const until = truth.time.now() + (b % 600) * 1000
      const held: DrainResult = {
        drained: false,
        remaining: [{ namespace: 'default', name: 'db-0', reason: 'Budget', message: 'Cannot evict pod' }],
      }
      tenant.fake.drain = () =>
        Promise.resolve(truth.time.now() < until ? held : { drained: true, remaining: [] })
      return `in ${namespace}/${name} for ${b % 600} s`
    },
  ],
  'clocks go apart': [
    2,
    ({ truth, weather }, a) => {
      weather.skewedAt = truth.time.now()
      weather.skewMs = among([0, 45_000, -45_000, 240_000, -240_000], a) ?? 0
      return `by ${weather.skewMs / 1000} s`
    },
  ],
  'no connection to Proxmox': [
    2,
    (stage, _a, b) => {
      stage.disconnect((b % 120) * 1000)
      return `for ${b % 120} s`
    },
  ],
  'the token loses a privilege': [
    3,
    ({ truth }, a, b) => {
      // Every other time it is the one without which the list of VMs turns empty.
      const lost = a % 2 === 0 ? 'VM.Audit' : (among(PRIVILEGES, Math.floor(a / 2)) ?? 'VM.Audit')
      truth.rights.lost.add(lost)
      truth.touch()
      truth.time.setTimeout(
        () => {
          truth.rights.lost.delete(lost)
          truth.touch()
        },
        (b % 400) * 1000,
      )
      return `${lost} for ${b % 400} s`
    },
  ],
  // A person puts another into the Secret, and the connection is made anew.
  'the token expires': [
    2,
    (stage, _a, b) => {
      const { rights, time } = stage.truth
      rights.isRefused = true
      time.setTimeout(
        () => {
          rights.isRefused = false
          stage.disconnect(0)
        },
        (b % 400) * 1000,
      )
      return `for ${b % 400} s`
    },
  ],
  crash: [
    16,
    (stage, a, b) => {
      stage.crash(a % 12, b % 2 === 0 ? 'before' : 'after', (b % 40) * 500)
      return `${b % 2 === 0 ? 'before' : 'after'} write ${a % 12}, for ${(b % 40) / 2} s`
    },
  ],
  // One that slept while another took its Lease, and wakes up with a request on its lips.
  'an older leader wakes up': [
    4,
    (stage, a, b) => {
      stage.crash(a % 12, 'late', 15_000 + (b % 10) * 500)
      return `at write ${a % 12}`
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
      return nameOf(object)
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
