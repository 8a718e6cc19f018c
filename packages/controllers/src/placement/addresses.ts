import { createHash } from 'node:crypto'
import {
  SYSTEM_NAMESPACE,
  type Machine,
  type MachineAddress,
  type MachineClass,
  type MachineNetwork,
} from '@fochista/api'
import { isAlreadyExists, isNotFound, Lease, orUndefined, type Kubernetes } from '@fochista/kubernetes'
import type { Clock } from '../runtime/clock.ts'
import { formatAddress, parseAddress } from './ip.ts'

/** What claiming needs of the management cluster. */
export type ClaimClient = Pick<Kubernetes, 'get' | 'list' | 'create' | 'delete'>

const LABEL_CLAIM = 'fochista.dev/claim'
const LABEL_MACHINE = 'fochista.dev/machine-id'
/** A claim younger than this may be of a Machine whose spec is just being written. */
const CLAIM_GRACE_MS = 10 * 60_000
/** How many addresses of a range are tried before it counts as used up. */
const MOST_TRIED = 65_536

/** The addresses of a network are used up. */
export class AddressesExhaustedError extends Error {
  override readonly name = 'AddressesExhaustedError'
}

/** Name of the claim on an address: the same for everybody who means the same address. */
export function claimName(proxmoxCluster: string, network: MachineNetwork, address: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([proxmoxCluster, network.bridge, network.vlan ?? 0, address]))
    .digest('hex')
  return `address-${hash.slice(0, 40)}`
}

/**
 * Claims a static address for each network that gives them out. After a crash a Machine finds its own claims and keeps them. Throws an
 * AddressesExhaustedError when a network has none left.
 */
export async function claimAddresses(
  client: ClaimClient,
  machine: Machine,
  machineClass: MachineClass,
  machines: readonly Machine[],
): Promise<MachineAddress[]> {
  const claimed: MachineAddress[] = []
  for (const [index, network] of machineClass.spec.networks.entries()) {
    const { addresses } = network
    if (!addresses) continue
    const address = await claimOne(client, machine, network, machines)
    if (address === undefined)
      throw new AddressesExhaustedError(
        `No address is free on ${network.bridge}${network.vlan ? ` (VLAN ${network.vlan})` : ''}. Widen the ranges of class "${machineClass.metadata.name}".`,
      )
    claimed.push({
      network: index,
      address,
      prefix: addresses.prefix,
      ...(addresses.gateway ? { gateway: addresses.gateway } : {}),
      ...(addresses.dns ? { dns: addresses.dns } : {}),
      ...(addresses.searchDomains ? { searchDomains: addresses.searchDomains } : {}),
    })
  }
  return claimed
}

async function claimOne(
  client: ClaimClient,
  machine: Machine,
  network: MachineNetwork,
  machines: readonly Machine[],
): Promise<string | undefined> {
  const cluster = machine.spec.proxmoxCluster
  const own = await ownClaims(client, machine)
  const inSpecs = new Set(
    machines
      .filter((other) => other.spec.id !== machine.spec.id && other.spec.proxmoxCluster === cluster)
      .flatMap((other) => (other.spec.addresses ?? []).map(({ address }) => address)),
  )
  const candidates = addressesOf(network)
  const kept = candidates.find((address) => own.has(claimName(cluster, network, address)))
  if (kept !== undefined && !inSpecs.has(kept)) return kept
  for (const address of candidates) {
    if (inSpecs.has(address) || address === network.addresses?.gateway) continue
    if (await claim(client, machine, network, address)) return address
  }
  return undefined
}

/** All addresses of a network's ranges, in order. */
function addressesOf(network: MachineNetwork): string[] {
  const all: string[] = []
  for (const { start, end } of network.addresses?.ranges ?? []) {
    const first = parseAddress(start)
    const last = parseAddress(end)
    if (!first || !last || first.family !== last.family) continue
    for (let value = first.value; value <= last.value && all.length < MOST_TRIED; value += 1n)
      all.push(formatAddress({ family: first.family, value }))
  }
  return all
}

async function claim(
  client: ClaimClient,
  machine: Machine,
  network: MachineNetwork,
  address: string,
): Promise<boolean> {
  const name = claimName(machine.spec.proxmoxCluster, network, address)
  const lease: Lease = {
    apiVersion: Lease.apiVersion,
    kind: Lease.kind,
    metadata: {
      name,
      namespace: SYSTEM_NAMESPACE,
      labels: { [LABEL_CLAIM]: 'address', [LABEL_MACHINE]: machine.spec.id },
      annotations: { 'fochista.dev/address': address },
    },
    spec: { holderIdentity: holderOf(machine) },
  }
  if (await orUndefined(isAlreadyExists, client.create(Lease, lease))) return true
  const there = await orUndefined(isNotFound, client.get(Lease, { name, namespace: SYSTEM_NAMESPACE }))
  return there?.spec?.holderIdentity === holderOf(machine)
}

async function ownClaims(client: ClaimClient, machine: Machine): Promise<Set<string>> {
  const { items } = await client.list(Lease, {
    namespace: SYSTEM_NAMESPACE,
    labelSelector: `${LABEL_MACHINE}=${machine.spec.id}`,
  })
  return new Set(
    items
      .filter((lease) => lease.spec?.holderIdentity === holderOf(machine))
      .map(({ metadata }) => metadata.name),
  )
}

/** Gives back every claim of a Machine. */
export async function releaseAddresses(client: ClaimClient, machine: Machine): Promise<void> {
  for (const name of await ownClaims(client, machine))
    await orUndefined(isNotFound, client.delete(Lease, { name, namespace: SYSTEM_NAMESPACE }))
}

/**
 * Puts claims and Machines in line: an address in a Machine's spec gets its claim again, and a claim that no Machine's spec bears out goes
 * once it is ten minutes old. `machines` must be a list made after the claims were listed by nobody else than the server.
 */
export async function sweepClaims(
  client: ClaimClient,
  listMachines: () => Promise<readonly Machine[]>,
  classes: ReadonlyMap<string, MachineClass>,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const { items } = await client.list(Lease, {
    namespace: SYSTEM_NAMESPACE,
    labelSelector: `${LABEL_CLAIM}=address`,
  })
  // Listed after the claims: whoever claimed before now has, or will not have, its Machine in this list.
  const machines = await listMachines()
  const wanted = new Set<string>()
  for (const machine of machines) {
    const machineClass = classes.get(machine.spec.className ?? '')
    for (const address of machine.spec.addresses ?? []) {
      const network = machineClass?.spec.networks[address.network]
      if (!network) continue
      const name = claimName(machine.spec.proxmoxCluster, network, address.address)
      wanted.add(name)
      if (!items.some(({ metadata }) => metadata.name === name))
        await claim(client, machine, network, address.address)
    }
  }
  const addresses = new Set(
    machines.flatMap(({ spec }) => (spec.addresses ?? []).map(({ address }) => address)),
  )
  for (const lease of items) {
    const made = Date.parse(lease.metadata.creationTimestamp ?? '')
    const address = lease.metadata.annotations?.['fochista.dev/address'] ?? ''
    // By address too: while a class is gone nobody can say which network an address in a spec is of.
    if (wanted.has(lease.metadata.name) || addresses.has(address)) continue
    if (!(clock.now() - made > CLAIM_GRACE_MS)) continue
    await orUndefined(
      isNotFound,
      client.delete(
        Lease,
        { name: lease.metadata.name, namespace: SYSTEM_NAMESPACE },
        lease.metadata.uid ? { preconditions: { uid: lease.metadata.uid } } : {},
      ),
    )
  }
}

function holderOf({ metadata, spec }: Machine): string {
  return `${metadata.namespace ?? ''}/${metadata.name}/${spec.id}`
}
