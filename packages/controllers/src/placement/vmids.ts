/** What a VMID must not collide with. */
export interface VmidQuestion {
  /** VMIDs that we may use, both ends included. */
  readonly range: { readonly start: number; readonly end: number }
  /** True if the VMID is in the inventory, in a Machine, in flight or given up. */
  readonly isTaken: (vmid: number) => boolean
  /** A number from 0 to 1. @default Math.random */
  readonly random?: () => number
}

/**
 * A free VMID. It starts anywhere in the range: Proxmox reserves nothing, so that two who look from the bottom up find the same one.
 * @returns undefined if the range is used up.
 */
export function drawVmid({ range, isTaken, random = Math.random }: VmidQuestion): number | undefined {
  const size = range.end - range.start + 1
  const first = Math.floor(random() * size)
  for (let step = 0; step < size; step += 1) {
    const vmid = range.start + ((first + step) % size)
    if (!isTaken(vmid)) return vmid
  }
  return undefined
}
