import { API_VERSION } from '../names.ts'
import { nodePoolKind, type NodePool, type NodeTaint, type PoolBootstrap } from '../resources/node-pool.ts'

/** What a pool's manifest is made from; what is undefined does not stand in it. */
export interface NodePoolOptions {
  readonly name: string
  readonly namespace?: string
  readonly clusterName: string
  readonly className?: string | undefined
  readonly replicas?: number | undefined
  readonly version?: string | undefined
  readonly cores?: number | undefined
  readonly memory?: string | undefined
  readonly disk?: string | undefined
  readonly labels?: Record<string, string>
  readonly taints?: readonly NodeTaint[]
  readonly paused?: boolean | undefined
  /** What its machines get beside what joins them. */
  readonly bootstrap?: PoolBootstrap | undefined
}

/** A NodePool. */
export function nodePoolManifest(options: NodePoolOptions): NodePool {
  const {
    name,
    namespace,
    clusterName,
    className,
    replicas,
    version,
    cores,
    memory,
    disk,
    labels = {},
    taints = [],
    paused,
    bootstrap,
  } = options
  const node = {
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(taints.length > 0 ? { taints: [...taints] } : {}),
  }
  const given = { paused, clusterName, className, replicas, version, cores, memory, disk }
  return {
    apiVersion: API_VERSION,
    kind: nodePoolKind.kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
    spec: {
      ...(Object.fromEntries(
        Object.entries(given).filter(([, value]) => value !== undefined),
      ) as typeof given),
      ...(Object.keys(node).length > 0 ? { node } : {}),
      ...(bootstrap ? { bootstrap } : {}),
    },
  }
}
