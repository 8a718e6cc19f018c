import { BootstrapError } from './error.ts'

/** A network card of the machine, as the guest has to set it up. */
export interface SeedNetwork {
  /** MAC address: how the guest finds the card, whatever its kernel names it. */
  readonly mac: string
  readonly mtu?: number | undefined
  /** Static addresses; without any the card asks by DHCP. */
  readonly addresses?: readonly {
    readonly address: string
    readonly prefix: number
    readonly gateway?: string | undefined
    readonly dns?: readonly string[] | undefined
    readonly searchDomains?: readonly string[] | undefined
  }[]
}

/** cloud-init's network configuration, version 2. Throws a BootstrapError for what is no MAC address. */
export function networkConfig(networks: readonly SeedNetwork[]): object {
  return {
    version: 2,
    ethernets: Object.fromEntries(
      networks.map((network, index) => [`eth${index}`, ethernet(network, `eth${index}`)]),
    ),
  }
}

function ethernet({ mac, mtu, addresses = [] }: SeedNetwork, name: string): object {
  if (!/^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/.test(mac))
    throw new BootstrapError('network card', mac, 'is not a MAC address')
  const base = {
    match: { macaddress: mac.toLowerCase() },
    // Without it cloud-init's own renderers write a file for an interface named as the key, whatever the MAC says.
    'set-name': name,
    ...(mtu === undefined || mtu === 1 ? {} : { mtu }),
  }
  if (addresses.length === 0) return { ...base, dhcp4: true }
  const dns = [...new Set(addresses.flatMap((address) => address.dns ?? []))]
  const search = [...new Set(addresses.flatMap((address) => address.searchDomains ?? []))]
  const gateways = [...new Set(addresses.flatMap(({ gateway }) => gateway ?? []))]
  const gateway4 = gateways.find((gateway) => !gateway.includes(':'))
  const gateway6 = gateways.find((gateway) => gateway.includes(':'))
  return {
    ...base,
    dhcp4: false,
    addresses: addresses.map(({ address, prefix }) => `${address}/${prefix}`),
    // cloud-init's networkd renderer does not know `to: default`, and makes ::/64 of ::/0: hence the two ways.
    ...(gateway4 ? { routes: [{ to: '0.0.0.0/0', via: gateway4 }] } : {}),
    ...(gateway6 ? { gateway6 } : {}),
    ...(dns.length > 0 || search.length > 0
      ? {
          nameservers: {
            ...(dns.length > 0 ? { addresses: dns } : {}),
            ...(search.length > 0 ? { search } : {}),
          },
        }
      : {}),
  }
}
