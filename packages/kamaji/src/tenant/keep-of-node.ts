import { KubernetesAnswerError } from '@fochista/kubernetes'
import type { Condition, Node, Taint } from '@fochista/kubernetes'

/** Longest text kept of a Node, characters; longer ones are cut. */
const LONGEST = 512
/** Longest annotation kept; a longer one is left out, for half of it means nothing. */
const LONGEST_ANNOTATION = 64 * 1024
const MOST_TAINTS = 64
const MOST_ADDRESSES = 16
/** Annotations of ours; all others are the tenant's own business. */
const OWN = 'fochista.dev/'

/**
 * What we read of a Node, checked field by field: whoever owns the tenant cluster may have written anything, and ten thousand Nodes with
 * the names of all their images would fill our memory. A field of another type counts as absent. Throws a KubernetesAnswerError for a
 * Node whose name is none.
 */
export function keepOfNode(node: Node): Node {
  const { name, uid, resourceVersion, creationTimestamp, deletionTimestamp, annotations } = node.metadata
  // RFC 1123: what is no such name cannot be a machine's, and must not become part of a path or a key.
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name))
    throw new KubernetesAnswerError('a Node has a name that no Node can have')
  const spec = mapping(node.spec)
  const status = mapping(node.status)
  const taints = entries(spec['taints'], MOST_TAINTS).flatMap(taintOf)
  const conditions = entries(status['conditions'], 64).flatMap(readyOf)
  const addresses = entries(status['addresses'], MOST_ADDRESSES).flatMap(({ type, address }) =>
    typeof type === 'string' && typeof address === 'string'
      ? [{ type: cut(type), address: cut(address) }]
      : [],
  )
  // By it a kubelet that is back after a reboot is told from one that has not been missed yet.
  const { bootID } = mapping(status['nodeInfo'])
  const own = Object.entries(mapping(annotations)).filter(
    (entry): entry is [string, string] =>
      entry[0].startsWith(OWN) && typeof entry[1] === 'string' && entry[1].length <= LONGEST_ANNOTATION,
  )
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      ...texts({ uid, resourceVersion, creationTimestamp, deletionTimestamp }),
      ...(own.length > 0 && { annotations: Object.fromEntries(own.slice(0, 4)) }),
    },
    spec: {
      ...texts({ providerID: spec['providerID'] }),
      ...(spec['unschedulable'] === true && { unschedulable: true }),
      ...(taints.length > 0 && { taints }),
    },
    status: {
      conditions,
      addresses,
      ...(typeof bootID === 'string' && { nodeInfo: { bootID: cut(bootID) } }),
    },
  }
}

/** Of the conditions only whether the Node is Ready is read. */
function readyOf(said: Record<string, unknown>): Condition[] {
  const { type, status, reason, message, lastTransitionTime } = said
  if (type !== 'Ready' || (status !== 'True' && status !== 'False' && status !== 'Unknown')) return []
  return [{ type, status, ...texts({ reason, message, lastTransitionTime }) } as Condition]
}

function taintOf({ key, value, effect }: Record<string, unknown>): Taint[] {
  if (typeof key !== 'string' || key.length > LONGEST || typeof effect !== 'string') return []
  if (value !== undefined && (typeof value !== 'string' || value.length > LONGEST)) return []
  return [{ key, ...(value !== undefined && { value }), effect: effect as Taint['effect'] }]
}

const mapping = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

const entries = (value: unknown, most: number): Record<string, unknown>[] =>
  Array.isArray(value) ? value.slice(0, most).map(mapping) : []

// A slice of a long text keeps the whole of it in memory; a copy does not.
const cut = (text: string): string =>
  text.length <= LONGEST ? text : Buffer.from(text.slice(0, LONGEST)).toString('utf8')

/** Those of the fields that are texts, cut. */
function texts<K extends string>(fields: Record<K, unknown>): { [key in K]?: string } {
  const kept: { [key in K]?: string } = {}
  for (const [key, value] of Object.entries(fields) as [K, unknown][])
    if (typeof value === 'string') kept[key] = cut(value)
  return kept
}
