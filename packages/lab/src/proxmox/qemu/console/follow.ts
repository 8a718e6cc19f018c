import type { GuestTerminal, ProxmoxWorld, Vm } from '../../world.ts'

/** Who looks at a terminal of a VM for as long as it is on. */
export interface Onlooker {
  /** The terminal is there, or another one is since the VM was reset; it has shown this so far. */
  begin(shown: string): void
  shows(text: string): void
  /** The power went. */
  off(): void
}

/** Looks at a terminal of a VM through resets, until the VM is off. Returns what ends that. */
export function followTerminal(
  world: ProxmoxWorld,
  vm: Vm,
  find: () => GuestTerminal | undefined,
  onlooker: Onlooker,
): () => void {
  let unwatch = (): void => {}
  let watched: GuestTerminal | undefined
  const attach = (): void => {
    const terminal = find()
    if (terminal === undefined || terminal === watched) return
    unwatch()
    watched = terminal
    onlooker.begin(terminal.shown)
    unwatch = terminal.watch((text) => onlooker.shows(text))
  }
  const onPlugged = (other: Vm): void => {
    if (other.vmid === vm.vmid) attach()
  }
  const onStopped = (other: Vm): void => {
    if (other.vmid === vm.vmid) onlooker.off()
  }
  world.events.on('plugged', onPlugged)
  world.events.on('stopped', onStopped)
  attach()
  return () => {
    unwatch()
    world.events.off('plugged', onPlugged)
    world.events.off('stopped', onStopped)
  }
}
