import { randomBytes } from 'node:crypto'
import type { ProxmoxWorld } from '../proxmox/world.ts'
import { addAdministrator } from './access.ts'
import type { TokenPair } from './access.ts'
import { fillDefaultWorld } from './default.ts'
import { addHosts } from './hosts.ts'

/** Credentials of a seeded world. */
export interface Credentials {
  readonly rootPassword: string
  readonly administrator: TokenPair
  /** Has only the rights that Fochista needs; in worlds that have something to need them for. */
  readonly least: TokenPair | undefined
}

/** Worlds to start with: what each adds to hosts, storages and the administrator. */
const WORLDS: Readonly<Record<string, (world: ProxmoxWorld) => TokenPair | undefined>> = {
  default: fillDefaultWorld,
  empty: () => undefined,
}

/**
 * Fills a world.
 * @param name `default`: templates and VMs of other people; `empty`: hosts and storages only. Throws a RangeError for another one.
 * @param hosts how many, 1 to 32. Throws a RangeError for another number.
 */
export function seedWorld(world: ProxmoxWorld, name: string, hosts: number): Credentials {
  const fill = Object.hasOwn(WORLDS, name) ? WORLDS[name] : undefined
  if (fill === undefined)
    throw new RangeError(`there is no world "${name}"; there are: ${Object.keys(WORLDS).join(', ')}`)
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > 32)
    throw new RangeError(`a lab has 1 to 32 hosts, not ${hosts}`)
  addHosts(world, hosts)
  const rootPassword = randomBytes(12).toString('base64url')
  const administrator = addAdministrator(world, rootPassword)
  return { rootPassword, administrator, least: fill(world) }
}
