import { randomUUID } from 'node:crypto'
import { ANNOTATION_UNFENCE, SYSTEM_NAMESPACE, type ProxmoxCluster } from '@fochista/api'
import { isNotFound as isObjectNotFound, Lease, orUndefined, type Kubernetes } from '@fochista/kubernetes'
import { isAlreadyExists, isNotFound, type Proxmox } from '@fochista/proxmox'
import type { Clock } from '../runtime/clock.ts'

/** The Lease by which replicas of one installation agree who acts; it also keeps the words of the fence. */
export const LEASE_NAME = 'fochista-controllers'
/** How many words of a Proxmox cluster the Lease keeps: a leader that wakes up late stamps a word that the next one still knows. */
const WORDS_KEPT = 10
/** After so long without a look at the stamp nothing is written, milliseconds. */
const BELIEVED_MS = 150_000

/** What the fence of a Proxmox cluster says. */
export type FenceState =
  | { readonly state: 'open' }
  /** Another installation with our id stamped last; the sentence says what to do. */
  | { readonly state: 'fenced'; readonly message: string }

/**
 * The fence of one Proxmox cluster. The leader stamps it with a random word that its Lease holds already: only the leader of this API
 * server can. A word that the Lease does not know is that of a restored or second copy of the installation. No clocks are compared, and a
 * fail-over within one installation never fences.
 */
export interface Fence {
  /** Looks at the stamp and, if it is ours, stamps it anew. Throws the errors of both back ends. */
  check(cluster: ProxmoxCluster): Promise<FenceState>
  /** Why nothing may be written now; undefined if it may. */
  whyNot(): string | undefined
}

/** Name of the Proxmox pool whose comment is the stamp. */
export const fencePool = (installation: string): string => `fochista-fence-${installation}`

/** Makes the fence. `mayStamp` is asked before each stamp: a leader that was leads no more. */
export function createFence(config: {
  kubernetes: Pick<Kubernetes, 'get' | 'patch' | 'create'>
  proxmox: Pick<Proxmox, 'get' | 'post' | 'put'>
  installation: string
  clusterName: string
  clock: Clock
  mayStamp: () => boolean
}): Fence {
  const { kubernetes, proxmox, installation, clusterName, clock, mayStamp } = config
  const poolid = fencePool(installation)
  const annotation = `fence.fochista.dev/${clusterName}`
  let last: { at: number; state: FenceState } | undefined

  const stamped = async (): Promise<string | undefined> => {
    const [pool] = (await orUndefined(isNotFound, proxmox.get('/pools', { query: { poolid } }))) ?? []
    return pool === undefined ? undefined : (pool.comment ?? '')
  }
  const stamp = async (words: readonly string[], current: string | undefined): Promise<void> => {
    const word = randomUUID()
    // The word that stands there now is kept whatever its age: stamps that fail must not fence ourselves.
    const standing = current === undefined ? [] : [current]
    const earlier = words.filter((one) => one !== current).slice(-(WORDS_KEPT - 1 - standing.length))
    const kept = [...earlier, ...standing, word].join(',')
    // Written to the Lease first: a stamp that was made and not remembered would fence ourselves.
    const metadata = { name: LEASE_NAME, namespace: SYSTEM_NAMESPACE, annotations: { [annotation]: kept } }
    const patched = await orUndefined(
      isObjectNotFound,
      kubernetes.patch(
        Lease,
        { name: LEASE_NAME, namespace: SYSTEM_NAMESPACE },
        { metadata: { annotations: metadata.annotations } },
      ),
    )
    if (!patched)
      await kubernetes.create(Lease, { apiVersion: Lease.apiVersion, kind: Lease.kind, metadata, spec: {} })
    if (!mayStamp()) return
    if (current === undefined) {
      const made = await orUndefined(
        isAlreadyExists,
        proxmox.post('/pools', { body: { poolid, comment: word } }).then(() => true),
      )
      if (made) return
    }
    await proxmox.put('/pools', { body: { poolid, comment: word } })
  }
  return {
    check: async (cluster) => {
      const lease = await orUndefined(
        isObjectNotFound,
        kubernetes.get(Lease, { name: LEASE_NAME, namespace: SYSTEM_NAMESPACE }),
      )
      const words = (lease?.metadata.annotations?.[annotation] ?? '').split(',').filter((word) => word !== '')
      const word = await stamped()
      const isOurs = word === undefined || words.includes(word)
      const isLetThrough = cluster.metadata.annotations?.[ANNOTATION_UNFENCE] !== undefined
      const state: FenceState =
        isOurs || isLetThrough
          ? { state: 'open' }
          : {
              state: 'fenced',
              message: `Another copy of this installation (${installation}) has written to this Proxmox cluster, or its management cluster was restored. Nothing is written until a person has made sure that only this one runs: \`fochista proxmox unfence ${clusterName}\`.`,
            }
      if (state.state === 'open') await stamp(words, word)
      last = { at: clock.now(), state }
      return state
    },
    whyNot: () => {
      if (!last || clock.now() - last.at > BELIEVED_MS)
        return `The fence of Proxmox cluster "${clusterName}" was not read of late.`
      return last.state.state === 'fenced' ? last.state.message : undefined
    },
  }
}
