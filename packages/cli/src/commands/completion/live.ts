import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Proxmox } from '@fochista/proxmox'
import type { Context } from '../../context.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { contextNames } from '../../settings.ts'
import { listPath } from '../kube/kinds.ts'
import type { Candidate } from './candidates.ts'
import type { Line } from './line.ts'

/** Kinds of things whose names are looked up. */
export type Noun = keyof typeof kubernetesPaths | keyof typeof proxmoxNames | 'context' | 'kube'

/** Names of what there is just now. */
export interface LiveNames {
  /** The names of one kind, as far as the line's other words leave them open. Empty where they cannot be had. */
  of(noun: Noun, line: Line): Promise<readonly Candidate[]>
}

/** Where the API server has the names; `{ns}` is the namespace of the line. */
const kubernetesPaths = {
  cluster: '/apis/kamaji.clastix.io/v1alpha1/namespaces/{ns}/tenantcontrolplanes',
  pool: '/apis/fochista.dev/v1alpha1/namespaces/{ns}/nodepools',
  machine: '/apis/fochista.dev/v1alpha1/namespaces/{ns}/machines',
  class: '/apis/fochista.dev/v1alpha1/machineclasses',
  proxmox: '/apis/fochista.dev/v1alpha1/proxmoxclusters',
  namespace: '/api/v1/namespaces',
  pod: '/api/v1/namespaces/{ns}/pods',
} as const

/** How Proxmox is asked for the names. */
const proxmoxNames = {
  vm: async (proxmox: Proxmox) =>
    (await vms(proxmox)).flatMap(({ vmid, name, status }) => {
      const about = status ?? ''
      const number = { value: String(vmid), about: `${name ?? ''} ${about}`.trim() }
      return name === undefined ? [number] : [{ value: name, about: `${vmid} ${about}` }, number]
    }),
  vmid: async (proxmox: Proxmox) =>
    (await vms(proxmox)).map(({ vmid, name }) => ({ value: String(vmid), about: name })),
  host: async (proxmox: Proxmox) =>
    (await proxmox.get('/nodes')).map(({ node, status }) => ({ value: node, about: status })),
  storage: async (proxmox: Proxmox) =>
    (await proxmox.get('/storage')).map(({ storage, ...more }) => ({
      value: storage,
      about: String((more as { type?: string }).type ?? ''),
    })),
  'proxmox-pool': async (proxmox: Proxmox) =>
    (await proxmox.get('/pools')).map(({ poolid }) => ({ value: poolid })),
  task: async (proxmox: Proxmox) =>
    (await proxmox.get('/cluster/tasks')).map(({ upid, ...more }) => ({
      value: upid,
      about: String((more as { status?: string }).status ?? ''),
    })),
  volume: async (proxmox: Proxmox, { given: [node = '', storage = ''] }: Line) =>
    (await proxmox.get('/nodes/{node}/storage/{storage}/content', { path: { node, storage } })).map(
      ({ volid }) => ({
        value: volid,
      }),
    ),
  snapshot: async (proxmox: Proxmox, { given: [word = ''] }: Line) => {
    const vm = (await vms(proxmox)).find(({ vmid, name }) => String(vmid) === word || name === word)
    if (vm?.node === undefined || vm.vmid === undefined) return []
    const path = { node: vm.node, vmid: vm.vmid }
    const all = await proxmox.get('/nodes/{node}/qemu/{vmid}/snapshot', { path })
    return all
      .filter(({ name }) => name !== 'current')
      .map(({ name, description }) => ({ value: name, about: description }))
  },
} as const

const vms = async (
  proxmox: Proxmox,
): Promise<{ vmid?: number; name?: string; node?: string; status?: string }[]> =>
  (await proxmox.get('/cluster/resources', { query: { type: 'vm' } })).filter(({ type }) => type === 'qemu')

/** Named contexts of ours, and those of the kubeconfig. */
async function contexts(): Promise<Candidate[]> {
  const { KUBECONFIG, HOME = '' } = process.env
  const files = (KUBECONFIG || join(HOME, '.kube', 'config')).split(delimiter)
  const { parse } = await import('yaml')
  const ofKubeconfig = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '')
      const { contexts: all = [] } = (parse(text) ?? {}) as { contexts?: { name: string }[] }
      return all.map(({ name }) => ({ value: name, about: file }))
    }),
  )
  const ours = await contextNames(process.env).catch(() => [])
  return [...ours.map((value) => ({ value })), ...ofKubeconfig.flat()]
}

/** Looks names up with the settings of the line. Nothing is connected before the first look, and all of it until the process ends. */
export function createLiveNames(context: Context, line: Line): LiveNames {
  let connected: Promise<Proxmox> | undefined
  const onKubernetes = async (path: string): Promise<Candidate[]> => {
    const kubernetes = await context.kubernetes()
    const place = path.replace(
      '{ns}',
      encodeURIComponent(line.options['namespace'] ?? (await context.namespace())),
    )
    const { items } = await kubernetes.request<{ items: { metadata: { name: string } }[] }>('GET', place, {
      query: { limit: '500' },
      signal: context.signal,
    })
    return items.map(({ metadata }) => ({ value: metadata.name }))
  }
  const look = async (noun: Noun, at: Line): Promise<readonly Candidate[]> => {
    if (noun === 'context') return contexts()
    if (noun === 'kube') return onKubernetes(listPath(at.words[1] ?? '', '{ns}'))
    if (noun in kubernetesPaths) return onKubernetes(kubernetesPaths[noun as keyof typeof kubernetesPaths])
    // A TAB asks nobody for a password, and uses up no code of a second factor, which Proxmox takes once.
    connected ??= connectProxmox({
      environment: async () => ({ ...(await context.environment()), PROXMOX_OTP: undefined }),
      io: { ...context.io, askSecret: () => Promise.resolve(undefined) },
    })
    return proxmoxNames[noun as keyof typeof proxmoxNames](await connected, at)
  }
  return { of: (noun, at) => look(noun, at).catch(() => []) }
}
