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
import { formatAddress, parseAddress, type Address } from './ip.ts'

/** What claiming needs of the management cluster. */
export type ClaimClient = Pick<Kubernetes, 'get' | 'list' | 'create' | 'delete'>

const LABEL_CLAIM = 'fochista.dev/claim'
const LABEL_MACHINE = 'fochista.dev/machine-id'
const ANNOTATION_ADDRESS = 'fochista.dev/address'
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
  machines: () => readonly Machine[],
): Promise<MachineAddress[]> {
  const claimed: MachineAddress[] = []
  if (!machineClass.spec.networks.some(({ addresses }) => addresses)) return claimed
  const taken = addressesInSpecs(machine, machines())
  const own = await ownClaims(client, machine)
  for (const [index, network] of machineClass.spec.networks.entries()) {
    const { addresses } = network
    if (!addresses) continue
    const address = await claimOne(client, machine, network, taken, own)
    if (address === undefined)
      throw new AddressesExhaustedError(
        `No address is free on ${network.bridge}${network.vlan ? ` (VLAN ${network.vlan})` : ''}. Widen the ranges of class "${machineClass.metadata.name}".`,
      )
    // Two cards on one network get one address each.
    taken.add(keyOfAddress(address))
    claimed.push({
      network: index,
      address: formatAddress(address),
      prefix: addresses.prefix,
      ...(addresses.gateway ? { gateway: addresses.gateway } : {}),
      ...(addresses.dns ? { dns: addresses.dns } : {}),
      ...(addresses.searchDomains ? { searchDomains: addresses.searchDomains } : {}),
    })
  }
  return claimed
}

/** The addresses of other Machines of the Proxmox cluster: taken, with a claim or without. */
function addressesInSpecs(machine: Machine, machines: readonly Machine[]): Set<bigint> {
  const taken = new Set<bigint>()
  for (const { spec } of machines) {
    if (spec.id === machine.spec.id || spec.proxmoxCluster !== machine.spec.proxmoxCluster) continue
    for (const { address } of spec.addresses ?? []) {
      const parsed = parseAddress(address)
      if (parsed) taken.add(keyOfAddress(parsed))
    }
  }
  return taken
}

/** Addresses are compared as numbers, of both families in one set: how somebody wrote one means nothing. */
const keyOfAddress = ({ family, value }: Address): bigint => (family === 4 ? value - 2n ** 32n : value)

async function claimOne(
  client: ClaimClient,
  machine: Machine,
  network: MachineNetwork,
  taken: ReadonlySet<bigint>,
  own: ReadonlyMap<string, string>,
): Promise<Address | undefined> {
  const gateway = parseAddress(network.addresses?.gateway ?? '')
  const isFree = (address: Address): boolean =>
    !taken.has(keyOfAddress(address)) && address.value !== gateway?.value
  for (const [name, text] of own) {
    const address = parseAddress(text)
    if (!address || !isFree(address) || !isInRanges(network, address)) continue
    if (name === claimName(machine.spec.proxmoxCluster, network, text)) return address
  }
  for (const address of addressesOf(network))
    if (isFree(address) && (await claim(client, machine, network, formatAddress(address)))) return address
  return undefined
}

/** The ends of a network's ranges. */
function rangesOf(network: MachineNetwork): { family: 4 | 6; first: bigint; last: bigint }[] {
  return (network.addresses?.ranges ?? []).flatMap(({ start, end }) => {
    const first = parseAddress(start)
    const last = parseAddress(end)
    return first && last && first.family === last.family
      ? [{ family: first.family, first: first.value, last: last.value }]
      : []
  })
}

function isInRanges(network: MachineNetwork, { family, value }: Address): boolean {
  return rangesOf(network).some(
    (range) => range.family === family && value >= range.first && value <= range.last,
  )
}

/** The addresses of a network's ranges, in order. */
function* addressesOf(network: MachineNetwork): Generator<Address> {
  let tried = 0
  for (const { family, first, last } of rangesOf(network))
    for (let value = first; value <= last && tried < MOST_TRIED; value += 1n, tried += 1)
      yield { family, value }
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
      annotations: { [ANNOTATION_ADDRESS]: address },
    },
    spec: { holderIdentity: holderOf(machine) },
  }
  if (await orUndefined(isAlreadyExists, client.create(Lease, lease))) return true
  const there = await orUndefined(isNotFound, client.get(Lease, { name, namespace: SYSTEM_NAMESPACE }))
  return there?.spec?.holderIdentity === holderOf(machine)
}

/** The claims of a Machine by their names, with their addresses. */
async function ownClaims(client: ClaimClient, machine: Machine): Promise<Map<string, string>> {
  const { items } = await client.list(Lease, {
    namespace: SYSTEM_NAMESPACE,
    labelSelector: `${LABEL_MACHINE}=${machine.spec.id}`,
  })
  return new Map(
    items
      .filter((lease) => lease.spec?.holderIdentity === holderOf(machine))
      .map(({ metadata }) => [metadata.name, metadata.annotations?.[ANNOTATION_ADDRESS] ?? '']),
  )
}

/** Gives back every claim of a Machine. */
export async function releaseAddresses(client: ClaimClient, machine: Machine): Promise<void> {
  for (const name of (await ownClaims(client, machine)).keys())
    await orUndefined(isNotFound, client.delete(Lease, { name, namespace: SYSTEM_NAMESPACE }))
}

/**
 * Puts claims and Machines in line: an address in a Machine's spec gets its claim again, and a claim that no Machine's spec bears out goes
 * once it is ten minutes old. `listMachines` must ask the server: it is called after the claims were listed.
 * @param leftVms Given all Machines, whether a VM may still use the addresses of one of a certain name that is not there any more: they are
 * nobody else's then.
 */
export async function sweepClaims(
  client: ClaimClient,
  listMachines: () => Promise<readonly Machine[]>,
  classes: ReadonlyMap<string, MachineClass>,
  clock: Pick<Clock, 'now'>,
  leftVms: (machines: readonly Machine[]) => (name: string) => boolean,
): Promise<void> {
  const { items } = await client.list(Lease, {
    namespace: SYSTEM_NAMESPACE,
    labelSelector: `${LABEL_CLAIM}=address`,
  })
  const claims = new Set(items.map(({ metadata }) => metadata.name))
  // Listed after the claims: whoever claimed before now has, or will not have, its Machine in this list.
  const machines = await listMachines()
  const wanted = new Set<string>()
  const addresses = new Set<string>()
  for (const machine of machines) {
    const machineClass = classes.get(machine.spec.className ?? '')
    for (const address of machine.spec.addresses ?? []) {
      addresses.add(address.address)
      const network = machineClass?.spec.networks[address.network]
      if (!network) continue
      const name = claimName(machine.spec.proxmoxCluster, network, address.address)
      wanted.add(name)
      // One that leaves gives its claims back itself.
      if (!claims.has(name) && !machine.metadata.deletionTimestamp)
        await claim(client, machine, network, address.address)
    }
  }
  const mayHaveVm = leftVms(machines)
  for (const lease of items) {
    const made = Date.parse(lease.metadata.creationTimestamp ?? '')
    const address = lease.metadata.annotations?.[ANNOTATION_ADDRESS] ?? ''
    // By address too: while a class is gone nobody can say which network an address in a spec is of.
    if (wanted.has(lease.metadata.name) || addresses.has(address)) continue
    if (!(clock.now() - made > CLAIM_GRACE_MS)) continue
    if (mayHaveVm(nameIn(lease))) continue
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

/** The name of the Machine that a claim is of. */
const nameIn = ({ spec }: Lease): string => spec?.holderIdentity?.split('/')[1] ?? ''

function holderOf({ metadata, spec }: Machine): string {
  return `${metadata.namespace ?? ''}/${metadata.name}/${spec.id}`
}
