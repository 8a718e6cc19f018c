import { providerId, type Machine } from '@fochista/api'
import { TenantNotReadyError, type DrainResult, type Tenant } from '@fochista/kamaji'
import { Node } from '@fochista/kubernetes'
import type { Clock } from '../runtime/clock.ts'
import type { Tenants } from '../tenants/tenants.ts'
import { NAMESPACE } from './factories.ts'
import { createFakeKubernetes, type FakeKubernetes } from './fake-kubernetes.ts'

/** A tenant cluster, with its connection. */
export interface FakeTenant {
  readonly tenants: Tenants
  readonly api: FakeKubernetes
  /** What was asked of it, in words: `cordon workers-x7k2b`, … */
  readonly calls: string[]
  /** Tokens by their description. */
  readonly tokens: Map<string, { token: string; expiresAt: number }>
  caPem: string
  /** Add-ons that no Node takes, or why nobody can say. */
  homeless: string[] | Error
  /** Thrown when the connection is asked for. */
  refusal: unknown
  /** Whether its Nodes have been listed. */
  isListed: boolean
  /** Why they were not. */
  listError: Error | undefined
  /** How a drain goes on. */
  drain: () => Promise<DrainResult>
  /** The machine's Node is there. */
  joins(machine: Machine, isReady?: boolean): Node
}

/** Makes one that answers. */
export function createFakeTenant(clock: Clock): FakeTenant {
  const api = createFakeKubernetes(clock)
  const informer = api.informer(Node)
  const calls: string[] = []
  const tokens: FakeTenant['tokens'] = new Map()
  let minted = 0
  const tenant = {
    kubernetes: api.kubernetes,
    nodes: new Proxy(informer, {
      get: (target, name) =>
        name === 'isReady'
          ? fake.isListed
          : name === 'error'
            ? fake.listError
            : (Reflect.get(target, name) as unknown),
    }),
    joinData: () =>
      Promise.resolve({
        server: 'https://10.0.0.5:6443',
        caPem: fake.caPem,
        clusterDNS: ['10.96.0.10'],
        clusterDomain: 'cluster.local',
        cgroupDriver: 'systemd',
        version: 'v1.30.4',
      }),
    findBootstrapToken: (description: string) => {
      const known = tokens.get(description)
      return Promise.resolve(
        known && known.expiresAt > clock.now() ? { description, id: '', ...known } : undefined,
      )
    },
    createBootstrapToken: ({ description, ttlMs }: { description: string; ttlMs: number }) => {
      minted += 1
      const known = tokens.get(description)
      const isAlive = known !== undefined && known.expiresAt > clock.now()
      const token = isAlive ? known.token : `tok${String(minted).padStart(3, '0')}.0123456789abcdef`
      tokens.set(description, { token, expiresAt: clock.now() + ttlMs })
      return Promise.resolve({ description, id: '', token, expiresAt: clock.now() + ttlMs })
    },
    deleteBootstrapTokens: (description: string) => {
      calls.push('delete tokens')
      tokens.delete(description)
      return Promise.resolve()
    },
    cordon: (name: string) => Promise.resolve(void calls.push(`cordon ${name}`)),
    drain: (name: string) => {
      calls.push(`drain ${name}`)
      return fake.drain()
    },
    deleteNode: (name: string) => {
      calls.push(`delete node ${name}`)
      api.vanish(Node, { name })
      return Promise.resolve()
    },
    labelNode: (name: string, labels: Record<string, string>) => {
      calls.push(`label ${name} ${Object.keys(labels).join(' ')}`)
      return Promise.resolve(undefined)
    },
    addonsWithoutNode: () => {
      calls.push('add-ons')
      return fake.homeless instanceof Error ? Promise.reject(fake.homeless) : Promise.resolve(fake.homeless)
    },
    close: () => Promise.resolve(),
  } as unknown as Tenant
  const fake: FakeTenant = {
    api,
    calls,
    tokens,
    caPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    homeless: [],
    refusal: undefined,
    isListed: true,
    listError: undefined,
    drain: () => Promise.resolve({ drained: true, remaining: [] }),
    joins: ({ metadata, spec }, isReady = true) =>
      api.has(Node, {
        apiVersion: Node.apiVersion,
        kind: Node.kind,
        metadata: { name: metadata.name },
        spec: { providerID: providerId(spec.proxmoxCluster, spec.vmid ?? 0) },
        status: {
          addresses: [{ type: 'InternalIP', address: '10.0.0.21' }],
          conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False', message: '' }],
        },
      } as Node),
    tenants: {
      get: () =>
        fake.refusal === undefined ? Promise.resolve(tenant) : Promise.reject(fake.refusal as Error),
      node: (_namespace, _cluster, name) => (fake.isListed ? informer.get(undefined, name) : undefined),
      nodes: () => (fake.isListed ? informer.list() : []),
      answeringSince: () => 0,
      forget: () => undefined,
      subscribe: (listener) =>
        informer.subscribe(({ object }) => listener(NAMESPACE, 'tenant-test', object.metadata.name)),
      close: () => Promise.resolve(),
    } as Tenants,
  }
  return fake
}

/** What the connection says of a control plane that has no kubeconfig yet. */
export const notReadyYet = (): TenantNotReadyError => new TenantNotReadyError('it has no kubeconfig yet')
