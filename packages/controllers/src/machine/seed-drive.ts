import { parseDrive } from '@fochista/proxmox'
import type { VmConfig, VmConfigChange, VmRef } from '../proxmox-cluster/hypervisor.ts'
import { entriesOf, type MachineContext } from './context.ts'

/** A machine's seed images are all named so. */
export const imagePrefix = (machineId: string): string => `fochista-${machineId}-`

/** The drive that holds a seed image of the machine. */
export function seedDriveOf(config: VmConfig, machineId: string): { key: string; file: string } | undefined {
  for (const [key, text] of entriesOf(config, /^(ide|sata|scsi)\d+$/)) {
    const { file } = parseDrive(key.replace(/\d+$/, ''), text)
    if (file.includes(`:iso/${imagePrefix(machineId)}`)) return { key, file }
  }
  return undefined
}

/** The drive that a seed image is put into. */
export function freeDrive(config: VmConfig): string {
  const taken = new Set(Object.keys(config))
  // An ejected drive of ours is used again.
  const ejected = entriesOf(config, /^ide[23]$/).find(([, text]) => text.startsWith('none,'))?.[0]
  const free = ['ide2', 'ide3', 'ide0', 'ide1', 'sata5', 'sata4'].find((key) => !taken.has(key))
  return ejected ?? free ?? 'ide2'
}

/** Takes the image out of a drive, which stays: of a running VM it cannot be removed. */
export async function ejectSeed(context: MachineContext, vm: VmRef, key: string): Promise<void> {
  await context.connection.hypervisor.configure(vm, { [key]: 'none,media=cdrom' } as VmConfigChange)
  context.forgetConfig()
}
