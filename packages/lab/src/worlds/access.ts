import { randomUUID } from 'node:crypto'
import { PRIVILEGES } from '../proxmox/access/privileges.ts'
import type { ProxmoxWorld } from '../proxmox/world.ts'

/** An API token with its secret. */
export interface TokenPair {
  /** `user@realm!name`. */
  readonly id: string
  readonly secret: string
}

/** Adds root@pam with a password, and the token `root@pam!lab` that may do all that a token may. */
export function addAdministrator(world: ProxmoxWorld, password: string): TokenPair {
  world.access.users.set('root@pam', { enable: true, groups: new Set(), password })
  return addToken(world, 'root@pam!lab', false, 'administrator of the lab')
}

const USER = 'fochista@pve'

/**
 * Adds the token `fochista@pve!least` with the least rights that Fochista needs: look at all VMs and hosts, clone some templates, do as it likes within
 * one pool, take space and place images on some storages, use some bridges. Token and user have the same rights: the token is privilege-separated.
 */
export function addLeastToken(
  world: ProxmoxWorld,
  what: {
    readonly pools: readonly string[]
    readonly templates: readonly number[]
    readonly diskStorages: readonly string[]
    readonly imageStorages: readonly string[]
    readonly bridges: readonly string[]
  },
): TokenPair {
  const role = (name: string, ...privileges: string[]): string => {
    world.access.roles.set(name, { privs: new Set(privileges), special: false })
    return name
  }
  const look = role('FochistaLook', 'Sys.Audit')
  const lookAtVms = role('FochistaLookAtVMs', 'VM.Audit')
  const machines = role(
    'FochistaMachines',
    'VM.Allocate',
    'VM.PowerMgmt',
    'VM.GuestAgent.Audit',
    'Pool.Allocate',
    'Pool.Audit',
    ...PRIVILEGES.filter((privilege) => privilege.startsWith('VM.Config.')),
  )
  const images = role('FochistaImages', 'Datastore.AllocateTemplate', 'Datastore.Allocate', 'Datastore.Audit')
  const fence = role('FochistaFence', 'Pool.Allocate', 'Pool.Audit')
  const bridge = role('FochistaNetwork', 'SDN.Use')
  world.access.users.set(USER, { enable: true, groups: new Set(), comment: 'Fochista' })
  const token = addToken(world, `${USER}!least`, true, 'only what Fochista needs')
  const entries: [path: string, roleid: string][] = [
    ['/', look],
    ['/vms', lookAtVms],
    // What is set deeper replaces what was inherited: PVETemplateUser audits too.
    ...what.templates.map((vmid): [string, string] => [`/vms/${vmid}`, 'PVETemplateUser']),
    // The fence's pool is named after an installation, which a new lab does not know yet.
    ['/pool', fence],
    ...what.pools.map((name): [string, string] => [`/pool/${name}`, machines]),
    ...what.diskStorages.map((name): [string, string] => [`/storage/${name}`, 'PVEDatastoreUser']),
    ...what.imageStorages.map((name): [string, string] => [`/storage/${name}`, images]),
    ...what.bridges.map((name): [string, string] => [`/sdn/zones/localnetwork/${name}`, bridge]),
  ]
  for (const [path, roleid] of entries)
    world.access.acl.push(
      { path, type: 'user', ugid: USER, roleid, propagate: true },
      { path, type: 'token', ugid: token.id, roleid, propagate: true },
    )
  return token
}

function addToken(world: ProxmoxWorld, id: string, privsep: boolean, comment: string): TokenPair {
  const secret = randomUUID()
  world.access.tokens.set(id, { secret, privsep, expire: 0, comment })
  return { id, secret }
}
