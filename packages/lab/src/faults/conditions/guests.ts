import type { Vm } from '../../proxmox/world.ts'
import type { Armed, Occasion } from '../occasion.ts'
import type { Begin } from './targets.ts'

/** From a VM's start to the moment when its guest turns itself off, milliseconds of hardware time. */
const STOPS_AFTER = 3000

function occasionOf(vm: Vm): Occasion {
  return { vmid: vm.vmid, node: vm.node }
}

/** Guests turn themselves off. */
export const guestStops: Begin = (armed, { world }) => {
  const started = (vm: Vm): void => {
    if (!armed.strikes(occasionOf(vm))) return
    world.clock.setTimeout(() => world.guestStopped(vm), STOPS_AFTER)
  }
  for (const vm of world.vms.values()) if (vm.running && armed.strikes(occasionOf(vm))) world.guestStopped(vm)
  world.events.on('started', started)
  return () => {
    world.events.off('started', started)
  }
}

/** Kubelets stand still: of guests that run and of guests that boot. */
export const kubeletStops: Begin = (armed, targets) => {
  const { world, guests } = targets
  const held = new Set<number>()
  const { holdsKubelet: before } = world.faults
  const holds = (vm: Vm): boolean => {
    if (held.has(vm.vmid)) return true
    if (!armed.strikes(occasionOf(vm))) return false
    held.add(vm.vmid)
    return true
  }
  let isOver = false
  world.faults.holdsKubelet = (vm) => (!isOver && holds(vm)) || before?.(vm) === true
  for (const vm of world.vms.values()) {
    const guest = guests.running(vm.vmid)
    if (
      guest === undefined ||
      guest.systemctl('is-active', 'kubelet') !== undefined ||
      !isNew(armed, held, vm)
    )
      continue
    guest.systemctl('restart', 'kubelet')
  }
  return () => {
    isOver = true
    held.clear()
  }
}

/** Strikes a running guest once. */
function isNew(armed: Armed, held: Set<number>, vm: Vm): boolean {
  if (held.has(vm.vmid) || !armed.strikes(occasionOf(vm))) return false
  held.add(vm.vmid)
  return true
}
