import type { ClusterResource, Proxmox } from '@fochista/proxmox'
import { CommandError, didYouMean, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import type { Find, Target } from '../proxmox-call/verb.ts'

/** Every VM that the list of the cluster shows. */
export async function listVms(proxmox: Pick<Proxmox, 'get'>): Promise<ClusterResource[]> {
  const all = await proxmox.get('/cluster/resources', { query: { type: 'vm' } })
  return all.filter(({ type }) => type === 'qemu').sort((a, b) => (a.vmid ?? 0) - (b.vmid ?? 0))
}

/** VMs by VMID or by name, each with the host it is on. Throws CommandError for one that is not there, or a name that several have. */
export const findVms: Find = async (proxmox, words, given) => {
  const wanted = given['vm'] === undefined ? words : [given['vm']]
  if (wanted.length === 0)
    throw new UsageError(tr('name a VM, by VMID or by name', 'indica una VM, per VMID o per nome'))
  const vms = await listVms(proxmox)
  const isListed = (word: string): boolean =>
    vms.some(({ vmid, name }) => String(vmid) === word || name === word)
  // Names in the list of the cluster are up to ten seconds old; each host knows its own as they are.
  const known = wanted.every(isListed) ? vms : await withLiveNames(proxmox, vms)
  return wanted.map((word) => targetOf(known, word))
}

async function withLiveNames(
  proxmox: Pick<Proxmox, 'get'>,
  vms: readonly ClusterResource[],
): Promise<ClusterResource[]> {
  const hosts = [...new Set(vms.flatMap(({ node }) => node ?? []))]
  // A silent host's VMs keep the names that the list has.
  const lists = await Promise.all(
    hosts.map((node) => proxmox.get('/nodes/{node}/qemu', { path: { node } }).catch(() => [])),
  )
  const names = new Map(lists.flat().map(({ vmid, name }) => [vmid, name]))
  return vms.map((vm) => {
    const name = names.get(vm.vmid ?? 0) ?? vm.name
    return name === undefined ? vm : { ...vm, name }
  })
}

function targetOf(vms: readonly ClusterResource[], word: string): Target {
  const found = /^\d+$/.test(word)
    ? vms.filter(({ vmid }) => vmid === Number(word))
    : vms.filter(({ name }) => name === word)
  const [vm] = found
  if (!vm) {
    const names = vms.flatMap(({ name, vmid }) => [name ?? '', String(vmid)])
    const near = didYouMean(word, names)
    throw new CommandError(tr(`VM "${word}" not found`, `VM "${word}" non trovata`), {
      hint: near.hint ?? `${tr('list what there is with:', 'elenca quel che c’è con:')}  fochista vm list`,
    })
  }
  if (found.length > 1)
    throw new CommandError(
      tr(`"${word}" is the name of ${found.length} VMs`, `"${word}" è il nome di ${found.length} VM`),
      { hint: `${tr('give a VMID:', 'indica un VMID:')}  ${found.map(({ vmid }) => vmid).join(', ')}` },
    )
  return {
    name: `${vm.vmid}${vm.name ? ` (${vm.name})` : ''}`,
    path: { node: vm.node ?? '', vmid: String(vm.vmid) },
  }
}
