import { REASON, type NodePool } from '@fochista/api'
import type { TenantControlPlane } from '@fochista/kamaji'
import { keyOf } from '../runtime/keys.ts'
import type { World } from '../world.ts'

/** An answer of the tenant is good for so long, milliseconds. */
const ANSWER_MS = 30_000
/** When to look for the answer that was just asked for, milliseconds. */
const FIRST_ANSWER_MS = 1000

/** What a cluster is without an add-on of Kamaji's. */
const LACKS: Readonly<Record<string, string>> = {
  coredns: 'no DNS',
  'konnectivity-agent': 'no logs and no exec',
}

/** Says of tainted pools which of Kamaji's add-ons no Node takes. */
export interface Addons {
  /**
   * Says what the tenant has answered last, and asks it again once that is old: nobody waits for the answer. @returns when to look again,
   * milliseconds; undefined if nothing is waited for
   */
  say(pool: NodePool, controlPlane: TenantControlPlane | undefined): number | undefined
  forget(key: string): void
}

interface Entry {
  askedAt: number
  /** The add-ons that no Node takes; undefined before the first answer. */
  homeless?: readonly string[]
}

/** Makes what remembers the answers; lost with the process they are asked for again. */
export function createAddons(world: World): Addons {
  const entries = new Map<string, Entry>()
  const type = REASON.addonsHaveNoNode

  const ask = async (entry: Entry, controlPlane: TenantControlPlane): Promise<void> => {
    const tenant = await world.tenants.get(controlPlane)
    entry.homeless = await tenant.addonsWithoutNode()
  }
  return {
    say: (pool, controlPlane) => {
      const key = keyOf(pool)
      const { namespace = 'default' } = pool.metadata
      // Taints are what keeps an add-on from a pool's Nodes. Without any Node there is nothing to be told yet.
      const mayKeepAway = (pool.spec.node?.taints ?? []).length > 0
      if (
        !controlPlane ||
        !mayKeepAway ||
        world.tenants.nodes(namespace, pool.spec.clusterName).length === 0
      ) {
        entries.delete(key)
        world.voice.unsay(pool, type)
        return undefined
      }
      const entry = entries.get(key) ?? { askedAt: Number.NEGATIVE_INFINITY }
      entries.set(key, entry)
      if (world.clock.now() - entry.askedAt >= ANSWER_MS) {
        entry.askedAt = world.clock.now()
        // Who does not answer now is asked again; until then what it said last stands.
        ask(entry, controlPlane).catch(() => undefined)
      }
      const { homeless } = entry
      if (homeless === undefined) return FIRST_ANSWER_MS
      if (homeless.length === 0) world.voice.unsay(pool, type)
      else world.voice.alert(pool, type, type, messageOf(homeless))
      return undefined
    },
    forget: (key) => void entries.delete(key),
  }
}

function messageOf(homeless: readonly string[]): string {
  const names = homeless.join(' and ')
  const lacks = homeless.map((name) => LACKS[name] ?? `no ${name}`).join(', ')
  return `No Node of the cluster takes ${names}: taints or labels keep it away, so there is ${lacks}. Add a pool without taints.`
}
