import assert from 'node:assert/strict'
import { call } from '../back-ends.ts'
import type { Bench } from '../harness.ts'

/** A VM as the list of the Proxmox cluster has it. */
export interface ListedVm {
  readonly vmid: number
  readonly node: string
  readonly name: string
  readonly status: string
  readonly pool?: string
}

interface Named {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
}

/** A Machine, as much of it as a check needs. */
export interface MachineLike extends Named {
  readonly spec: {
    readonly nodePoolName: string
    readonly vmid?: number
    /** Where it is to be made. */
    readonly host?: string
    readonly addresses?: { address: string }[]
  }
  readonly status?: {
    readonly conditions?: { type: string; status: string; reason: string; message: string }[]
    /** UPID of its task in flight. */
    readonly task?: string
  }
}

/** Asks the management cluster; throws for an error, except a 404 where `missing` is allowed. */
export async function ask(
  bench: Bench,
  method: string,
  path: string,
  body?: object,
  missing = false,
): Promise<unknown> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': type } }
  const answer = await call(bench, 'kubernetes', method, path, given)
  if (missing && answer.status === 404) return undefined
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

const ours = '/apis/fochista.dev/v1alpha1/namespaces/default'

/** Machines of a namespace. */
export async function machinesOf(bench: Bench, namespace = 'default'): Promise<MachineLike[]> {
  const path = `/apis/fochista.dev/v1alpha1/namespaces/${namespace}/machines`
  return ((await ask(bench, 'GET', path)) as { items: MachineLike[] }).items
}

/** VMs of the default namespace, whatever they are named: they are in its Proxmox pool. */
export async function vmsOf(bench: Bench): Promise<ListedVm[]> {
  const { body } = await call(bench, 'proxmox', 'GET', '/api2/json/cluster/resources?type=vm')
  return (body as { data: ListedVm[] }).data.filter(({ pool }) => pool === 'fochista-default')
}

/** A control plane small enough to be made by the dozen, and a pool for it. */
export async function createCluster(
  bench: Bench,
  name: string,
  replicas: number,
  namespace = 'default',
): Promise<void> {
  await ask(bench, 'POST', `/apis/kamaji.clastix.io/v1alpha1/namespaces/${namespace}/tenantcontrolplanes`, {
    apiVersion: 'kamaji.clastix.io/v1alpha1',
    kind: 'TenantControlPlane',
    metadata: { name },
    spec: {
      controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.30.0', kubelet: { cgroupfs: 'systemd' } },
      networkProfile: { port: 6443 },
      addons: { coreDNS: {}, kubeProxy: {} },
    },
  })
  await ask(bench, 'POST', `/apis/fochista.dev/v1alpha1/namespaces/${namespace}/nodepools`, {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'NodePool',
    metadata: { name },
    spec: { clusterName: name, className: 'small', replicas },
  })
}

/** Sets the number of machines that a pool keeps. */
export const scalePool = (bench: Bench, name: string, replicas: number): Promise<unknown> =>
  ask(bench, 'PATCH', `${ours}/nodepools/${name}`, { spec: { replicas } })

/** Asks for the deletion of a pool, or of its control plane, which takes the machines with it. */
export async function deletePart(bench: Bench, name: string, part: 'pool' | 'control plane'): Promise<void> {
  if (part === 'pool') await ask(bench, 'DELETE', `${ours}/nodepools/${name}`, undefined, true)
  else
    await ask(
      bench,
      'DELETE',
      `/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes/${name}`,
      undefined,
      true,
    )
}

/** Exactly the wanted VMs of each pool, each with one Machine that has joined, no VMID and no address twice. */
export async function requireConverged(bench: Bench, wanted: ReadonlyMap<string, number>): Promise<void> {
  const machines = (await machinesOf(bench)).filter(({ spec }) => wanted.has(spec.nodePoolName))
  const vms = await vmsOf(bench)
  const waiting = machines.flatMap(({ metadata, status }) => {
    const open = status?.conditions?.find(({ type, status: is }) => type !== 'Ready' && is !== 'True')
    return open ? [`${metadata.name}: ${open.type} ${open.reason} ${open.message}`] : []
  })
  for (const [pool, count] of wanted) {
    const own = machines.filter(({ spec }) => spec.nodePoolName === pool)
    assert.equal(own.length, count, `machines of ${pool}; ${waiting.join('; ')}`)
  }
  const numbers = (all: readonly (number | undefined)[]): number[] =>
    all.map((one) => one ?? 0).sort((a, b) => a - b)
  assert.deepEqual(
    numbers(vms.map(({ vmid }) => vmid)),
    numbers(machines.map(({ spec }) => spec.vmid)),
    'the VMs are those of the machines',
  )
  for (const machine of machines)
    assert.ok(
      machine.status?.conditions?.some(({ type, status }) => type === 'Joined' && status === 'True'),
      waiting.join('; ') || `${machine.metadata.name} has not joined`,
    )
  const addresses = machines.flatMap(({ spec }) => spec.addresses ?? []).map(({ address }) => address)
  assert.equal(new Set(addresses).size, addresses.length, 'an address was given twice')
}
