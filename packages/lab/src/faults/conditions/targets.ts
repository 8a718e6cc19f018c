import type { AdjustableClock } from '../../clock.ts'
import type { Guests } from '../../guest/guests.ts'
import type { ManagementCluster } from '../../management/cluster.ts'
import type { KeyPair } from '../../pki.ts'
import type { ProxmoxWorld } from '../../proxmox/world.ts'
import type { Armed } from '../occasion.ts'
import type { FaultOn } from '../spec.ts'
import type { Undo } from './undo.ts'

/** A listening server as faults reach for it. */
export interface FaultServer {
  /** Cuts all connections and stops to listen; clients are refused. */
  suspend(): Promise<void>
  /** Listens again, at the same address. */
  resume(): Promise<void>
  /** The certificate that it shows. */
  readonly certificate: KeyPair
  /** Shows another certificate to those who connect from now on. */
  present(certificate: KeyPair): void
}

/** The parts of a lab that faults change. */
export interface FaultTargets {
  readonly world: ProxmoxWorld
  readonly guests: Guests
  readonly management: ManagementCluster
  readonly proxmox: { readonly server: FaultServer; readonly ca: KeyPair }
  readonly managementCa: KeyPair
  /** Keeps how a fault is undone for a lab that is killed before it is; undefined when it was. */
  readonly remember?: (id: string, undo: Undo | undefined) => void
  readonly clocks: Readonly<Record<'proxmox' | 'kubernetes', AdjustableClock>>
}

/** Ends a condition: everything is as it was, where nobody else changed it meanwhile. */
export type End = () => void | Promise<void>

/** Makes a condition true. Throws FaultError for what does not exist. */
export type Begin = (armed: Armed, targets: FaultTargets) => End | Promise<End>

/** The servers that a fault is about, each with the authority of its certificate. */
export function serversOf(on: FaultOn, targets: FaultTargets): { server: FaultServer; ca: KeyPair }[] {
  if (on.backEnd === 'proxmox') return [targets.proxmox]
  if (on.backEnd === 'kubernetes') return [{ server: targets.management.api, ca: targets.managementCa }]
  return targets.management.tenants
    .list()
    .filter(({ namespace, name }) => on.tenant === undefined || on.tenant === `${namespace}/${name}`)
    .map(({ api, ca }) => ({ server: api, ca }))
}
