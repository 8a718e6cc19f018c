import type { MachineClass } from '@fochista/api'
import type { ClusterResource } from '@fochista/proxmox'
import { inventoryOf } from './inventory.ts'

/** A template that a class may clone. */
export interface Template {
  readonly vmid: number
  readonly node: string
  /** Version of its kubelet by its tag, such as `v1.30.4`; undefined if no tag says it. */
  readonly version?: string
  /** Size of its disk, bytes: a clone is never smaller. */
  readonly disk?: number
}

/** The templates that a class names, wherever they are: by VMID one, by name or tags each host's own copy. */
export function templatesOf(machineClass: MachineClass, vms: readonly ClusterResource[]): Template[] {
  const { vmid, name, tags } = machineClass.spec.template
  return inventoryOf(vms).templates.flatMap((vm) => {
    if (vm.vmid === undefined || vm.node === undefined) return []
    const own = tagsOf(vm)
    const matches =
      vmid !== undefined
        ? vm.vmid === vmid
        : name !== undefined
          ? vm.name === name
          : tags !== undefined && tags.every((tag) => own.includes(tag))
    if (!matches) return []
    const version = own.map(kubeletOf).find((one) => one !== undefined)
    const { vmid: id, node, maxdisk } = vm
    return [{ vmid: id, node, ...(version ? { version } : {}), ...(maxdisk ? { disk: maxdisk } : {}) }]
  })
}

/** Tags of a VM in the inventory. */
export function tagsOf(vm: ClusterResource): string[] {
  return (vm.tags ?? '').split(/[;, ]+/).filter((tag) => tag !== '')
}

/** True if a template may be used for a kubelet version: it carries that one, or says nothing of what it carries. */
export function carries(template: Template, version: string | undefined): boolean {
  if (template.version === undefined || version === undefined) return true
  return withV(template.version) === withV(version)
}

/** `v1.30.4` of the tag `kubelet-v1.30.4`. */
function kubeletOf(tag: string): string | undefined {
  const match = /^kubelet-v?(\d+\.\d+\.\d+)$/.exec(tag)
  return match ? `v${match[1]}` : undefined
}

/** A version with its leading v, however it was written. */
export function withV(version: string): string {
  return version.startsWith('v') ? version : `v${version}`
}
