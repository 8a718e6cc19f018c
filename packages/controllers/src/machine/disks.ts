import type { VmConfig } from '../proxmox-cluster/hypervisor.ts'
import { entriesOf } from './context.ts'

/**
 * Disks of a VM that neither template nor pool gave, each as `key (volume)`: destroying the VM would take them along, unused ones too.
 * @param origin The template's configuration; without it only the first disk of a bus, named as a clone names it, is surely not a person's.
 */
export function foreignDisks(config: VmConfig, vmid: number, origin: VmConfig | undefined): string[] {
  return entriesOf(config, /^(scsi|virtio|sata|ide|unused|efidisk|tpmstate)\d+$/)
    .filter(([, drive]) => !/(^|,)media=cdrom/.test(drive) && drive !== 'none')
    .filter(([key, drive]) => {
      const isGiven = origin ? origin[key as keyof VmConfig] !== undefined : /^(?!unused)\D+0$/.test(key)
      const isOwnVolume = new RegExp(`[:/]vm-${vmid}-`).test(drive.split(',')[0] ?? '')
      return !isGiven || !isOwnVolume
    })
    .map(([key, drive]) => `${key} (${drive.split(',')[0]})`)
}
