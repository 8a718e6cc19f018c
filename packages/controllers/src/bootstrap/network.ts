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

/** cloud-init's network configuration, version 2. */
export function networkConfig(networks: readonly SeedNetwork[]): object {
  return {
    version: 2,
    ethernets: Object.fromEntries(networks.map((network, index) => [`net${index}`, ethernet(network)])),
  }
}

function ethernet({ mac, mtu, addresses = [] }: SeedNetwork): object {
  const base = {
    match: { macaddress: mac.toLowerCase() },
    ...(mtu === undefined || mtu === 1 ? {} : { mtu }),
  }
  if (addresses.length === 0) return { ...base, dhcp4: true }
  const dns = addresses.flatMap((address) => address.dns ?? [])
  const search = addresses.flatMap((address) => address.searchDomains ?? [])
  // cloud-init's networkd renderer does not know `to: default`.
  const routes = addresses.flatMap(({ address, gateway }) =>
    gateway ? [{ to: address.includes(':') ? '::/0' : '0.0.0.0/0', via: gateway }] : [],
  )
  return {
    ...base,
    dhcp4: false,
    addresses: addresses.map(({ address, prefix }) => `${address}/${prefix}`),
    ...(routes.length > 0 ? { routes } : {}),
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
