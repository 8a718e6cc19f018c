import { turnOn } from '../../proxmox/nodes/power.ts'
import type { Host, ProxmoxWorld } from '../../proxmox/world.ts'
import type { FaultTargets } from './targets.ts'

/**
 * How a condition that changed what a world keeps is undone. It is data, known before the change is made: a lab that was killed
 * meanwhile has it still, and undoes when it starts again what no fault asks for any more.
 */
export type Undo =
  | { readonly kind: 'host'; readonly name: string; readonly keepsRunning: boolean }
  | { readonly kind: 'removed'; readonly host: Host; readonly keepsRunning: boolean }
  | { readonly kind: 'storage'; readonly name: string; readonly before: number }
  | { readonly kind: 'lock'; readonly vmid: number; readonly word: string }
  | { readonly kind: 'revoked'; readonly id: string; readonly token: Token }
  | { readonly kind: 'expired'; readonly id: string; readonly past: number; readonly before: number }

type Token = ProxmoxWorld['access']['tokens'] extends Map<string, infer T> ? T : never

/** Remembers how a fault is undone; the change may then be made. Returns what undoes it. */
export function undoable({ world, remember }: FaultTargets, id: string, undo: Undo): () => void {
  remember?.(id, undo)
  return () => {
    undoCondition(world, undo)
    remember?.(id, undefined)
  }
}

/** Undoes a condition where it still holds: what somebody else changed meanwhile stays. */
export function undoCondition(world: ProxmoxWorld, undo: Undo): void {
  switch (undo.kind) {
    case 'host': {
      const host = world.hosts.get(undo.name)
      if (host === undefined || host.online) return
      bringBack(world, host, undo.keepsRunning)
      return
    }
    case 'removed': {
      const { host, keepsRunning } = undo
      if (world.hosts.has(host.name)) return
      inOrder(world.hosts, [...world.hosts.values(), host])
      bringBack(world, world.hosts.get(host.name) ?? host, keepsRunning)
      return
    }
    case 'storage': {
      const storage = world.storages.get(undo.name)
      if (storage !== undefined && storage.usedByOthers === storage.capacity)
        storage.usedByOthers = undo.before
      return
    }
    case 'lock': {
      const vm = world.vms.get(undo.vmid)
      if (vm?.config['lock'] === undo.word) delete vm.config['lock']
      return
    }
    case 'revoked':
      if (!world.access.tokens.has(undo.id)) world.access.tokens.set(undo.id, undo.token)
      return
    case 'expired': {
      const expiring = world.access.tokens.get(undo.id) ?? world.access.users.get(undo.id)
      if (expiring?.expire === undo.past) expiring.expire = undo.before
    }
  }
}

/** Makes these the hosts of a cluster, each at its place: the first is the one that answers. */
export function inOrder(hosts: Map<string, Host>, all: readonly Host[]): void {
  hosts.clear()
  for (const host of all.toSorted((a, b) => a.id - b.id)) hosts.set(host.name, host)
}

/** A host is on again: one that was only cut off has run on, one that was off boots. */
function bringBack(world: ProxmoxWorld, host: Host, keepsRunning: boolean): void {
  if (keepsRunning) host.online = true
  else turnOn(world, host)
}
