import { defaultClassOf, REASON, type MachineClass, type NodePool } from '@fochista/api'
import { caPin, isReady, TenantControlPlane } from '@fochista/kamaji'
import { isNotFound, Secret, orUndefined } from '@fochista/kubernetes'
import { timestampOf } from '../runtime/clock.ts'
import type { World } from '../world.ts'

/** Two answers that a control plane is gone must be so far apart before anything is taken away for its sake. */
const EVIDENCE_MS = 60_000

/** How it stands with the control plane of a pool. */
export type ClusterState =
  | { readonly state: 'there'; readonly controlPlane: TenantControlPlane }
  /** Not seen yet, or somebody has to decide. Nothing is made and nothing is taken away. */
  | {
      readonly state: 'wait'
      readonly reason: string
      readonly message: string
      readonly lookAgainMs?: number
    }
  /** It is being deleted, or was seen and is gone for good: its machines go. */
  | { readonly state: 'gone'; readonly message: string }

/**
 * Judges the control plane of a pool. `since` remembers, by key of the pool, when the first answer of "not found" came: lost with the
 * process, it is asked for again.
 */
export async function clusterOf(
  world: World,
  pool: NodePool,
  key: string,
  since: Map<string, number>,
): Promise<ClusterState> {
  const { clusterName } = pool.spec
  const namespace = pool.metadata.namespace ?? 'default'
  const controlPlane = world.caches.controlPlanes.get(namespace, clusterName)
  if (!controlPlane) return missing(world, pool, key, since)
  since.delete(key)
  const seen = pool.status?.cluster
  const { uid = '', deletionTimestamp } = controlPlane.metadata
  if (seen && seen.uid !== uid) {
    const pin = await caPinOf(world, controlPlane)
    if (pin === undefined)
      return {
        state: 'wait',
        reason: 'ClusterNotReady',
        message: `Waiting for the CA of "${clusterName}", to see whether it is the cluster it was.`,
        lookAgainMs: 5000,
      }
    if (seen.caPin !== undefined && seen.caPin !== pin)
      return {
        state: 'wait',
        reason: REASON.clusterReplaced,
        message: `TenantControlPlane "${clusterName}" is another cluster now: its UID and its CA have changed. Delete this pool to let its machines go, or bring the old control plane back.`,
      }
  }
  if (deletionTimestamp)
    // A pool that never had to do with it has nothing to take away for its sake.
    return seen
      ? { state: 'gone', message: `TenantControlPlane "${clusterName}" is being deleted.` }
      : {
          state: 'wait',
          reason: REASON.clusterNotFound,
          message: `TenantControlPlane "${clusterName}" is being deleted.`,
        }
  return { state: 'there', controlPlane }
}

/** A control plane that the cache does not have: never seen, or gone if the server says so twice, a minute apart. */
async function missing(
  world: World,
  pool: NodePool,
  key: string,
  since: Map<string, number>,
): Promise<ClusterState> {
  const { clusterName } = pool.spec
  const namespace = pool.metadata.namespace ?? 'default'
  const absent = `TenantControlPlane "${clusterName}" is not in namespace "${namespace}".`
  if (!pool.status?.cluster)
    return { state: 'wait', reason: REASON.clusterNotFound, message: `${absent} The pool waits for it.` }
  try {
    const controlPlane = await world.kubernetes.get(TenantControlPlane, { name: clusterName, namespace })
    since.delete(key)
    return controlPlane.metadata.deletionTimestamp
      ? { state: 'gone', message: `TenantControlPlane "${clusterName}" is being deleted.` }
      : {
          state: 'wait',
          reason: REASON.clusterNotFound,
          message: 'Waiting for the watch of TenantControlPlanes.',
          lookAgainMs: 1000,
        }
  } catch (error) {
    // Without the kind itself the answer is a 404 too: then Kamaji is gone, not this control plane.
    if (!isNotFound(error) || error.details.name !== clusterName) throw error
  }
  const now = world.clock.now()
  const first = since.get(key) ?? now
  since.set(key, first)
  const rest = first + EVIDENCE_MS - now
  if (rest <= 0) return { state: 'gone', message: `TenantControlPlane "${clusterName}" is gone.` }
  return {
    state: 'wait',
    reason: REASON.clusterNotFound,
    message: `${absent} If it is still gone in a minute, the machines go too.`,
    lookAgainMs: rest,
  }
}

/** So long a pin is believed at most, milliseconds. */
const PIN_KEPT_MS = 600_000
/** Pins that were read, by the state of the control plane that they were read for. */
const keptPins = new WeakMap<TenantControlPlane, { readonly pin: string; readonly at: number }>()

/**
 * As `caPinOf`, but read anew only when the control plane has changed or some minutes have passed, where Kamaji says the CA's checksum in its
 * status: with another CA that is another state. Else a thousand pools would ask for a thousand Secrets with each look.
 */
async function keptCaPinOf(world: World, controlPlane: TenantControlPlane): Promise<string | undefined> {
  const known = keptPins.get(controlPlane)
  if (known && world.clock.now() - known.at < PIN_KEPT_MS) return known.pin
  const pin = await caPinOf(world, controlPlane)
  if (pin !== undefined && controlPlane.status?.certificates?.ca?.checksum)
    keptPins.set(controlPlane, { pin, at: world.clock.now() })
  return pin
}

/** Writes down which cluster the pool belongs to, and its CA once it has one. @returns whether it was new */
export async function noteCluster(
  world: World,
  pool: NodePool,
  controlPlane: TenantControlPlane,
): Promise<boolean> {
  const status = (pool.status ??= {})
  const { uid = '' } = controlPlane.metadata
  const isNew = status.cluster === undefined
  // Known already, as it is and with its CA: a rotation keeps the UID, and is read again once the control plane is Ready.
  const isKnown = status.cluster?.uid === uid && status.cluster.caPin !== undefined && !isReady(controlPlane)
  if (isKnown) return false
  const pin = await keptCaPinOf(world, controlPlane)
  // A Secret that is not there for a moment takes back nothing of what was seen.
  const known = status.cluster?.uid === uid ? status.cluster : undefined
  const caPin = pin ?? known?.caPin
  const isReplaced = known?.caPin !== undefined && caPin !== known.caPin
  const caSince = isReplaced ? timestampOf(world.clock.now()) : known?.caSince
  status.cluster = {
    uid,
    ...(caPin === undefined ? {} : { caPin }),
    ...(caSince === undefined ? {} : { caSince }),
  }
  return isNew
}

/** Pin of a control plane's CA as its Secret is now; undefined while it has none. */
async function caPinOf({ kubernetes }: World, controlPlane: TenantControlPlane): Promise<string | undefined> {
  const name = controlPlane.status?.certificates?.ca?.secretName
  if (!name) return undefined
  const { namespace = 'default' } = controlPlane.metadata
  const secret = await orUndefined(isNotFound, kubernetes.get(Secret, { name, namespace }))
  const pem = secret?.data?.['ca.crt']
  return pem === undefined ? undefined : caPin(Buffer.from(pem, 'base64').toString('utf8'))
}

/** The class that a pool uses: the one it names, the one it has used so far, else the default one. */
export function classOf({ caches }: World, pool: NodePool): MachineClass | undefined {
  const named = pool.spec.className ?? pool.status?.className
  if (named !== undefined) return caches.machineClasses.get(undefined, named)
  return defaultClassOf(caches.machineClasses.list())
}
