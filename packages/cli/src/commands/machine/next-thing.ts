import { tr } from '../../locale.ts'

/** What a person does about a reason why a machine waits; nothing for those that pass by themselves. */
const known: Readonly<Record<string, () => string>> = {
  WaitingForNetwork: () =>
    tr(
      'Install a network plugin in the tenant cluster: fochista cluster apply -f CLUSTER --apply NETWORK-PLUGIN.yaml',
      'Installa un network plugin nel cluster tenant: fochista cluster apply -f CLUSTER --apply NETWORK-PLUGIN.yaml',
    ),
  PoolNotFound: () =>
    tr(
      'Its pool is gone, so nothing is done with it. Delete it with: fochista machine delete NAME',
      'Il suo pool non c’è più, quindi non se ne fa nulla. Eliminala con: fochista machine delete NOME',
    ),
  StuckLock: () =>
    tr(
      'Look at the VM in Proxmox; if nothing runs there: qm unlock VMID',
      'Guarda la VM in Proxmox; se non vi gira nulla: qm unlock VMID',
    ),
  ForeignDisk: () =>
    tr(
      'Detach the disk that was added by hand; only then the VM is destroyed.',
      'Stacca il disco aggiunto a mano; solo allora la VM viene distrutta.',
    ),
  HostGone: () =>
    tr(
      'Put the host back into the Proxmox cluster, or delete the machine.',
      'Rimetti l’host nel cluster Proxmox, oppure elimina la macchina.',
    ),
}

/** The next thing to do about a reason of a condition, if a person has to do one. */
export function nextThing(reason: string | undefined): string | undefined {
  return reason !== undefined && Object.hasOwn(known, reason) ? known[reason]?.() : undefined
}
