import type { ClusterResource, Proxmox } from '@fochista/proxmox'
import { aHost, aStorage, aTemplate } from './factories.ts'

/** One call of a Proxmox client. */
export interface ClientCall {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  readonly path: string
  readonly params: Readonly<Record<string, unknown>>
}

/** A client of Proxmox that answers from memory. */
export interface FakeClient {
  readonly proxmox: Proxmox
  readonly calls: ClientCall[]
  resources: ClusterResource[]
  /** Comments of the pools. */
  readonly pools: Map<string, string>
  /** Privileges by path; a path that is not here has all. */
  readonly privileges: Map<string, string[]>
  /** Answers to other calls by `method path`. */
  readonly answers: Map<string, unknown>
  /** Thrown by the calls that it names. */
  fail: ((call: ClientCall) => unknown) | undefined
  isClosed: boolean
}

const all = [
  'Sys.Audit',
  'VM.Audit',
  'VM.Clone',
  'VM.Allocate',
  'VM.PowerMgmt',
  'VM.GuestAgent.Audit',
  ...['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map(
    (one) => `VM.Config.${one}`,
  ),
  'Pool.Allocate',
  'Pool.Audit',
  'Datastore.AllocateSpace',
  'Datastore.Audit',
  'Datastore.AllocateTemplate',
  'Datastore.Allocate',
  'SDN.Use',
]

/** Makes one of a cluster with two hosts and template 9000. */
export function createFakeClient(): FakeClient {
  const answer = ({ method, path, params }: ClientCall): unknown => {
    const own = fake.answers.get(`${method} ${path}`)
    if (own !== undefined) return own
    const poolid = String(params['poolid'])
    switch (`${method} ${path}`) {
      case 'get /cluster/resources':
        return fake.resources
      case 'get /cluster/tasks':
        return []
      case 'get /cluster/status':
        return [{ type: 'node', name: 'pve1' }]
      case 'get /version':
        return { version: '9.1.2' }
      case 'get /storage':
        return [
          { storage: 'local-lvm', type: 'lvmthin', content: 'images' },
          { storage: 'local', type: 'dir', content: 'iso,vztmpl' },
        ]
      case 'get /access/permissions': {
        const asked = String(params['path'])
        return { [asked]: Object.fromEntries((fake.privileges.get(asked) ?? all).map((one) => [one, 1])) }
      }
      case 'get /pools':
        return fake.pools.has(poolid) ? [{ poolid, comment: fake.pools.get(poolid) }] : []
      case 'post /pools':
      case 'put /pools':
        fake.pools.set(poolid, String(params['comment']))
        return null
      default:
        throw new Error(`nobody expected ${method} ${path}`)
    }
  }
  const calling =
    (method: ClientCall['method']) =>
    async (path: string, given: Record<string, object | undefined> = {}): Promise<unknown> => {
      await Promise.resolve()
      const call = { method, path, params: { ...given['path'], ...given['query'], ...given['body'] } }
      fake.calls.push(call)
      const failure = fake.fail?.(call)
      if (failure !== undefined) throw failure as Error
      return answer(call)
    }
  const fake: FakeClient = {
    calls: [],
    resources: [
      aHost('pve1'),
      aHost('pve2', { mem: 5 * 2 ** 30 + 7, cpu: 0.234 }),
      aTemplate(9000, 'pve1'),
      aStorage('local-lvm', 'pve1'),
      aStorage('local-lvm', 'pve2'),
      aStorage('local', 'pve1'),
    ],
    pools: new Map(),
    privileges: new Map(),
    answers: new Map(),
    fail: undefined,
    isClosed: false,
    proxmox: {
      get: calling('get'),
      getEach: async (path: string, take: (entry: unknown) => unknown) =>
        ((await calling('get')(path)) as unknown[]).map(take),
      post: calling('post'),
      put: calling('put'),
      delete: calling('delete'),
      tasks: { status: () => Promise.resolve({ state: 'running', upid: 'x' }) },
      close: () => {
        fake.isClosed = true
        return Promise.resolve()
      },
      // What the controllers do not ask for is left out.
    } as unknown as Proxmox,
  }
  return fake
}
