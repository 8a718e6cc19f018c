/** Every privilege of Proxmox VE 9.1. */
export const PRIVILEGES: readonly string[] = [
  ...under('Datastore', 'Allocate AllocateSpace AllocateTemplate Audit'),
  'Group.Allocate',
  ...under('Mapping', 'Audit Modify Use'),
  'Permissions.Modify',
  ...under('Pool', 'Allocate Audit'),
  ...under('Realm', 'Allocate AllocateUser'),
  ...under('SDN', 'Allocate Audit Use'),
  ...under('Sys', 'AccessNetwork Audit Console Incoming Modify PowerMgmt Syslog'),
  'User.Modify',
  ...under(
    'VM',
    'Allocate Audit Backup Clone Console Migrate PowerMgmt Replicate Snapshot Snapshot.Rollback',
  ),
  ...under('VM.Config', 'CDROM CPU Cloudinit Disk HWType Memory Network Options'),
  ...under('VM.GuestAgent', 'Audit FileRead FileSystemMgmt FileWrite Unrestricted'),
]

const NOT_OF_PVE_ADMIN = new Set(
  ['Mapping.Modify', 'Permissions.Modify', 'Realm.Allocate'].concat(
    under('Sys', 'AccessNetwork Incoming Modify PowerMgmt'),
  ),
)

/** The roles that always exist, with their privileges. */
export const BUILT_IN_ROLES: Readonly<Record<string, readonly string[]>> = {
  Administrator: PRIVILEGES,
  NoAccess: [],
  PVEAdmin: PRIVILEGES.filter((privilege) => !NOT_OF_PVE_ADMIN.has(privilege)),
  PVEAuditor: 'Datastore Mapping Pool SDN Sys VM VM.GuestAgent'.split(' ').map((area) => `${area}.Audit`),
  PVEVMAdmin: all('VM.'),
  PVEVMUser: under(
    'VM',
    'Audit Backup Config.CDROM Config.Cloudinit Console GuestAgent.Audit GuestAgent.FileRead GuestAgent.FileSystemMgmt GuestAgent.FileWrite PowerMgmt',
  ),
  PVETemplateUser: under('VM', 'Audit Clone'),
  PVEDatastoreAdmin: all('Datastore.'),
  PVEDatastoreUser: under('Datastore', 'AllocateSpace Audit'),
  PVESysAdmin: under('Sys', 'Audit Console Syslog'),
  PVEPoolAdmin: all('Pool.'),
  PVEPoolUser: ['Pool.Audit'],
  PVEUserAdmin: ['Group.Allocate', 'Realm.AllocateUser', 'User.Modify'],
  PVESDNAdmin: all('SDN.'),
  PVESDNUser: under('SDN', 'Audit Use'),
  PVEMappingAdmin: all('Mapping.'),
  PVEMappingUser: under('Mapping', 'Audit Use'),
}

function under(area: string, names: string): string[] {
  return names.split(' ').map((name) => `${area}.${name}`)
}

function all(prefix: string): string[] {
  return PRIVILEGES.filter((privilege) => privilege.startsWith(prefix))
}
