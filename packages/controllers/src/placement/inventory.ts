import type { ClusterResource } from '@fochista/proxmox'

/** What is worked out of the list of VMs. */
export interface Inventory {
  /** What the running VMs of each host may take, bytes. */
  readonly memory: ReadonlyMap<string | undefined, number>
  /** Memory that each takes by its VMID, bytes: none of one that does not run. */
  readonly taken: ReadonlyMap<number, number>
  /** QEMU templates. */
  readonly templates: readonly ClusterResource[]
  /** VMs of a name: names are not unique in Proxmox. */
  named(name: string): readonly ClusterResource[]
  /** VMs in a Proxmox pool, or whose names begin with a prefix and a dash; each once. */
  inPoolOrNamedAfter(pool: string, prefix: string): readonly ClusterResource[]
}

/** Kept with its list: the observer gives the same one until it has looked again, to any number of placements. */
const inventories = new WeakMap<readonly ClusterResource[], Inventory>()

/** The inventory of a list of VMs. */
export function inventoryOf(vms: readonly ClusterResource[]): Inventory {
  const known = inventories.get(vms)
  if (known) return known
  const memory = new Map<string | undefined, number>()
  const taken = new Map<number, number>()
  const byName = new Map<string | undefined, ClusterResource[]>()
  for (const vm of vms) {
    const { node, vmid, status, maxmem = 0 } = vm
    const own = status === 'running' ? maxmem : 0
    memory.set(node, (memory.get(node) ?? 0) + own)
    if (vmid !== undefined) taken.set(vmid, own)
    const namesakes = byName.get(vm.name)
    if (namesakes) namesakes.push(vm)
    else byName.set(vm.name, [vm])
  }
  let groups: VmGroups | undefined
  const inventory = {
    memory,
    taken,
    templates: vms.filter(({ type, template }) => type === 'qemu' && isTrue(template)),
    named: (name: string) => byName.get(name) ?? [],
    inPoolOrNamedAfter: (pool: string, prefix: string) => {
      groups ??= groupsOf(vms)
      return [...new Set([...(groups.pools.get(pool) ?? []), ...(groups.prefixes.get(prefix) ?? [])])]
    },
  }
  inventories.set(vms, inventory)
  return inventory
}

interface VmGroups {
  readonly pools: Map<string, ClusterResource[]>
  readonly prefixes: Map<string, ClusterResource[]>
}

/** VMs by their Proxmox pools, and by what stands before each dash of their names. */
function groupsOf(vms: readonly ClusterResource[]): VmGroups {
  const groups: VmGroups = { pools: new Map(), prefixes: new Map() }
  const put = (map: Map<string, ClusterResource[]>, key: string, vm: ClusterResource): void => {
    const group = map.get(key)
    if (group) group.push(vm)
    else map.set(key, [vm])
  }
  for (const vm of vms) {
    const { pool, name = '' } = vm
    if (pool) put(groups.pools, pool, vm)
    for (let at = name.indexOf('-'); at >= 0; at = name.indexOf('-', at + 1))
      put(groups.prefixes, name.slice(0, at), vm)
  }
  return groups
}

function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === '1'
}
