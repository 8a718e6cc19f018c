import { die } from '../api-error.ts'
import type { Call } from '../handler.ts'
import type { ProxmoxWorld, Vm } from '../world.ts'

/** Text that most calls give for a VM that is not on the addressed node. */
function noConfigText(node: string, vmid: number): string {
  return `Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`
}

/** The other text for it: calls that look for the file themselves. */
function notFoundText(node: string, vmid: number): string {
  return `unable to find configuration file for VM ${vmid} on node '${node}'`
}

/** The VM of a node, or undefined: a VM of another node counts as none. */
export function lookUpVm(world: ProxmoxWorld, node: string, vmid: number): Vm | undefined {
  const vm = world.vms.get(vmid)
  return vm?.node === node ? vm : undefined
}

/** The VM of a node; a task re-reads it after every wait, for it may be gone. Throws the first text. */
export function loadVm(world: ProxmoxWorld, node: string, vmid: number): Vm {
  return lookUpVm(world, node, vmid) ?? die(noConfigText(node, vmid))
}

/** The VM of a node. Throws the second text. */
export function findVm(world: ProxmoxWorld, node: string, vmid: number): Vm {
  return lookUpVm(world, node, vmid) ?? die(notFoundText(node, vmid))
}

/** Number in the path of a call. */
export function vmidOf(call: Call): number {
  return Number(call.text('vmid'))
}

/** The VM that a call's path names. Throws the first text. */
export function vmOf(call: Call): Vm {
  return loadVm(call.world, call.text('node'), vmidOf(call))
}

/** Throws when the configuration has a lock, unless it is one of the allowed. */
export function checkLock(vm: Vm, ...allowed: readonly string[]): void {
  const { lock } = vm.config
  if (lock !== undefined && !allowed.includes(lock)) die(`VM is locked (${lock})`)
}

/** A VM that is off and has only these values. */
export function newVm(vmid: number, node: string, config: Record<string, string>): Vm {
  return {
    vmid,
    node,
    config,
    pending: new Map(),
    running: false,
    startedAt: 0,
    pid: 0,
    published: undefined,
    agent: undefined,
    console: '',
    onShutdownRequest: undefined,
  }
}

/** Name that lists show: `VM 100` for one without. */
export function nameOf(vm: Vm): string {
  return vm.config['name'] ?? `VM ${vm.vmid}`
}

/** True for a template. */
export function isTemplate(vm: Vm): boolean {
  return vm.config['template'] === '1'
}
