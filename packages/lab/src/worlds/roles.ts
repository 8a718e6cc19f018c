import type { ProxmoxWorld } from '../proxmox/world.ts'

const VM_CONFIG = ['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map(
  (name) => `VM.Config.${name}`,
)
const all = (area: string, ...names: string[]): string[] => names.map((name) => `${area}.${name}`)
const DATASTORE = all('Datastore', 'Allocate', 'AllocateSpace', 'AllocateTemplate', 'Audit')
const MAPPING = all('Mapping', 'Audit', 'Modify', 'Use')
const POOL = all('Pool', 'Allocate', 'Audit')
const SDN = all('SDN', 'Allocate', 'Audit', 'Use')
const SYS = all('Sys', 'AccessNetwork', 'Audit', 'Console', 'Incoming', 'Modify', 'PowerMgmt', 'Syslog')
const AGENT = all('VM.GuestAgent', 'Audit', 'FileRead', 'FileSystemMgmt', 'FileWrite', 'Unrestricted')
const VM = [
  ...all('VM', 'Allocate', 'Audit', 'Backup', 'Clone', 'Console', 'Migrate', 'PowerMgmt', 'Replicate'),
  ...all('VM', 'Snapshot', 'Snapshot.Rollback'),
  ...VM_CONFIG,
  ...AGENT,
]
const USERS = ['Group.Allocate', 'Realm.AllocateUser', 'User.Modify']
const EVERYTHING = [
  ...DATASTORE,
  ...MAPPING,
  ...POOL,
  ...SDN,
  ...SYS,
  ...VM,
  ...USERS,
  'Permissions.Modify',
  'Realm.Allocate',
]
const NOT_OF_ADMIN = new Set([
  'Mapping.Modify',
  'Permissions.Modify',
  'Realm.Allocate',
  'Sys.AccessNetwork',
  'Sys.Incoming',
  'Sys.Modify',
  'Sys.PowerMgmt',
])

/** The roles that Proxmox VE 9.1 has built in, and their privileges. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  Administrator: EVERYTHING,
  NoAccess: [],
  PVEAdmin: EVERYTHING.filter((privilege) => !NOT_OF_ADMIN.has(privilege)),
  PVEAuditor: EVERYTHING.filter((privilege) => privilege.endsWith('.Audit')),
  PVEDatastoreAdmin: DATASTORE,
  PVEDatastoreUser: all('Datastore', 'AllocateSpace', 'Audit'),
  PVEMappingAdmin: MAPPING,
  PVEMappingUser: all('Mapping', 'Audit', 'Use'),
  PVEPoolAdmin: POOL,
  PVEPoolUser: ['Pool.Audit'],
  PVESDNAdmin: SDN,
  PVESDNUser: all('SDN', 'Audit', 'Use'),
  PVESysAdmin: all('Sys', 'Audit', 'Console', 'Syslog'),
  PVETemplateUser: all('VM', 'Audit', 'Clone'),
  PVEUserAdmin: USERS,
  PVEVMAdmin: VM,
  PVEVMUser: [
    ...all('VM', 'Audit', 'Backup', 'Config.CDROM', 'Config.Cloudinit', 'Console', 'PowerMgmt'),
    ...AGENT.filter((privilege) => privilege !== 'VM.GuestAgent.Unrestricted'),
  ],
}

/** Adds the built-in roles. */
export function addBuiltInRoles(world: ProxmoxWorld): void {
  for (const [name, privileges] of Object.entries(BUILT_IN))
    world.access.roles.set(name, { privs: new Set(privileges), special: true })
}

/** Every privilege to configure a VM. */
export const VM_CONFIG_PRIVILEGES: readonly string[] = VM_CONFIG
