import type { Machine, NodePool } from '@fochista/api'
import { Node } from '@fochista/kubernetes'
import { maxUnhealthyOf } from '../node-pool/health.ts'
import type { Truth } from './truth.ts'
import type { Weather } from './weather.ts'

/** What holds when a pool replaces a machine that has failed. */
export interface ReplacementRules {
  /** Notes since when Machines have failed, by the world's clock. */
  note(before: Machine | undefined, after: Machine | undefined): void
  /**
   * A failed machine is asked to go, and for no other reason.
   * @param specs What its pool asks for, and asked for a moment ago.
   * @param staying Machines of its pool that are to stay, with this one.
   * @param windowMs How old may be what the controllers act on.
   */
  require(machine: Machine, specs: readonly NodePool[], staying: readonly Machine[], windowMs: number): void
}

/** A Node that is Ready for so long is well, whoever has said otherwise, milliseconds. */
const WELL_MS = 60_000
/** A VM that nobody finds counts as gone after a minute, a little less than the controllers wait, milliseconds. */
const GONE_MS = 50_000
/** The pause between two replacements of a pool, a little less than the controllers keep, milliseconds. */
const PAUSE_MS = 25_000

/** Makes the rules. */
export function createReplacementRules(
  truth: Truth,
  weather: Weather,
  must: (holds: boolean, rule: string, message: string) => void,
): ReplacementRules {
  const { time } = truth
  /** By id. */
  const failedAt = new Map<string, number>()
  /** By the name of the pool. */
  const replaced = new Map<string, { readonly at: number; readonly generation: number | undefined }>()

  /** Since when its Node is Ready; undefined if it is not. */
  const wellSince = (machine: Machine): number | undefined => {
    const one = truth.madeOf(machine.spec.id)
    if (!one || truth.proxmox.vms.get(one.vm.vmid) !== one.vm || one.vm.status !== 'running') return undefined
    const tenant = truth.tenants.get(`${one.namespace}/${one.cluster}`)
    const said = tenant?.fake.api.read(Node, one.machine)?.status?.conditions?.[0]
    if (said?.status !== 'True' || one.joined !== tenant?.uid) return undefined
    return Math.max(one.registeredAt ?? 0, Date.parse(said.lastTransitionTime ?? '') || 0)
  }

  return {
    note: (before, after) => {
      if (!after) return
      if (!after.status?.failure) failedAt.delete(after.spec.id)
      else if (!before?.status?.failure) failedAt.set(after.spec.id, time.now())
    },
    require: (machine, specs, staying, windowMs) => {
      const { namespace = '', name } = machine.metadata
      const since = wellSince(machine)
      must(
        since === undefined || time.now() - since < Math.max(WELL_MS, windowMs),
        'healthy-replaced',
        `${name} is replaced, and its Node is Ready: ${machine.status?.failure?.message}`,
      )
      if (machine.status?.failure?.reason === 'Vanished') {
        const one = truth.madeOf(machine.spec.id)
        const isThere = one !== undefined && truth.proxmox.vms.get(one.vm.vmid) === one.vm
        must(
          !isThere,
          'vanished-believed',
          `${name} is replaced as gone, and its VM ${one?.vm.vmid} is there`,
        )
        const goneFor = time.now() - (truth.goneAt.get(machine.spec.id) ?? time.now())
        // A clock that is put forward makes any wait shorter.
        const isClockMoved = time.now() - weather.skewedAt < goneFor + WELL_MS
        must(
          isClockMoved || goneFor >= GONE_MS,
          'vanished-at-once',
          `${name} is replaced ${goneFor / 1000} s after its VM has gone`,
        )
      }
      const failed = staying.filter(
        ({ spec }) => time.now() - (failedAt.get(spec.id) ?? time.now()) > Math.max(WELL_MS, windowMs),
      )
      const most = Math.max(...specs.map(maxUnhealthyOf))
      must(
        failed.length <= most,
        'too-many-unhealthy',
        `${name} is replaced while ${failed.length} have failed, at most ${most} may have`,
      )
      const key = `${namespace}/${machine.spec.nodePoolName}`
      const last = replaced.get(key)
      const generation = specs.at(-1)?.metadata.generation
      // What is counted stands in the status of the pool.
      const isForgotten = Math.max(truth.forgottenAt, truth.restoredAt) >= (last?.at ?? 0)
      must(
        !last || isForgotten || last.generation !== generation || time.now() - last.at >= PAUSE_MS,
        'replaced-at-once',
        `${name} is replaced ${(time.now() - (last?.at ?? 0)) / 1000} s after another of its pool`,
      )
      replaced.set(key, { at: time.now(), generation })
    },
  }
}
